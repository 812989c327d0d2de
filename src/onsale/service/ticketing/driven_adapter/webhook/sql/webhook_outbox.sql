-- Deliveries that are owed, on their way.

-- name: webhooks_due
-- From webhook to webhook along ix_webhook_delivery_due: however much is owed to one, it costs the
-- others nothing.
WITH RECURSIVE owing (webhook_id) AS (
    (
        SELECT webhook_id
        FROM webhook_delivery
        WHERE status = 'owed' AND webhook_id > $1 AND webhook_id <= $2
        ORDER BY webhook_id
        LIMIT 1
    )
    UNION ALL
    SELECT following.webhook_id
    FROM owing
    CROSS JOIN LATERAL (
        SELECT webhook_delivery.webhook_id
        FROM webhook_delivery
        WHERE webhook_delivery.status = 'owed'
          AND webhook_delivery.webhook_id > owing.webhook_id
          AND webhook_delivery.webhook_id <= $2
        ORDER BY webhook_delivery.webhook_id
        LIMIT 1
    ) AS following
)
SELECT owing.webhook_id, webhook.seller_id
FROM owing
JOIN webhook ON webhook.id = owing.webhook_id
WHERE webhook.is_active
  AND NOT owing.webhook_id = ANY($4::bigint[])
  AND ($5::bigint[] IS NULL OR owing.webhook_id = ANY($5::bigint[]))
  AND EXISTS (
      SELECT
      FROM webhook_delivery
      WHERE webhook_delivery.webhook_id = owing.webhook_id
        AND webhook_delivery.status = 'owed'
        AND webhook_delivery.next_try_at <= statement_timestamp()
  )
ORDER BY owing.webhook_id
LIMIT $3

-- name: hold_back
-- Whatever waits for an earlier one of its booking is due when that is, and out of the way till then.
-- Of those in front alone: a receiver that fails may be owed any number.
UPDATE webhook_delivery
SET next_try_at = greatest(held.until, clock_timestamp() + interval '1 second')
FROM (
    SELECT later.id, earlier.next_try_at AS until
    FROM unnest($1::bigint[]) AS wanted (webhook_id)
    CROSS JOIN LATERAL (
        SELECT webhook_delivery.id, webhook_delivery.booking_id
        FROM webhook_delivery
        WHERE webhook_delivery.webhook_id = wanted.webhook_id
          AND webhook_delivery.status = 'owed'
          AND webhook_delivery.next_try_at <= statement_timestamp()
        ORDER BY webhook_delivery.next_try_at
        LIMIT $2
    ) AS due
    CROSS JOIN LATERAL (
        SELECT webhook_delivery.next_try_at
        FROM webhook_delivery
        WHERE webhook_delivery.webhook_id = wanted.webhook_id
          AND webhook_delivery.booking_id = due.booking_id
          AND webhook_delivery.id < due.id
          AND webhook_delivery.status = 'owed'
        ORDER BY webhook_delivery.id
        LIMIT 1
    ) AS earlier
    JOIN webhook_delivery AS later ON later.id = due.id
    WHERE later.status = 'owed' AND later.next_try_at <= statement_timestamp()
    FOR UPDATE OF later SKIP LOCKED
) AS held
WHERE webhook_delivery.id = held.id

-- name: claim
-- The bound of 20 stands here in figures, and is more than anybody has places: if it cannot know how
-- few are wanted the planner reads and sorts all that a webhook is owed.
WITH claimed AS (
    SELECT due.id
    FROM unnest($1::bigint[], $2::int[]) AS wanted (webhook_id, places)
    CROSS JOIN LATERAL (
        SELECT free.id
        FROM (
            SELECT webhook_delivery.id
            FROM webhook_delivery
            WHERE webhook_delivery.webhook_id = wanted.webhook_id
              AND webhook_delivery.status = 'owed'
              AND webhook_delivery.next_try_at <= statement_timestamp()
              AND NOT EXISTS (
                  SELECT
                  FROM webhook_delivery AS earlier
                  WHERE earlier.webhook_id = webhook_delivery.webhook_id
                    AND earlier.booking_id = webhook_delivery.booking_id
                    AND earlier.id < webhook_delivery.id
                    AND earlier.status = 'owed'
              )
            ORDER BY webhook_delivery.next_try_at, webhook_delivery.id
            LIMIT 20
            FOR UPDATE OF webhook_delivery SKIP LOCKED
        ) AS free
        LIMIT wanted.places
    ) AS due
)
UPDATE webhook_delivery
SET attempt_count = attempt_count + 1,
    last_attempt_at = clock_timestamp(),
    claimed_until = clock_timestamp() + $3 * interval '1 second',
    next_try_at = clock_timestamp() + $3 * interval '1 second',
    give_up_at = coalesce(
        webhook_delivery.give_up_at, webhook_delivery.created_at + $4 * interval '1 second'
    )
FROM claimed, webhook
WHERE webhook_delivery.id = claimed.id AND webhook.id = webhook_delivery.webhook_id
RETURNING
    webhook_delivery.id, webhook_delivery.webhook_id, webhook_delivery.message_id,
    webhook_delivery.body, webhook_delivery.attempt_count, webhook_delivery.claimed_until,
    webhook.seller_id, webhook.url, webhook.salt, webhook.updated_at,
    CASE WHEN webhook.previous_until > clock_timestamp() THEN webhook.previous_salt END
        AS previous_salt

-- name: delivered
-- True also if another attempt has begun since.
WITH settled AS (
    UPDATE webhook_delivery
    SET status = 'delivered',
        settled_at = clock_timestamp(),
        next_try_at = NULL,
        claimed_until = NULL,
        last_status = $2,
        last_fault = NULL
    WHERE id = $1 AND status = 'owed'
    RETURNING id, webhook_id, booking_id
)
UPDATE webhook_delivery
SET next_try_at = clock_timestamp()
FROM settled
WHERE webhook_delivery.webhook_id = settled.webhook_id
  AND webhook_delivery.booking_id = settled.booking_id
  AND webhook_delivery.id > settled.id
  AND webhook_delivery.status = 'owed'
  AND (
      webhook_delivery.claimed_until IS NULL
      OR webhook_delivery.claimed_until < clock_timestamp()
  )

-- name: failed
-- An attempt is known by the end of its lease, to the microsecond: attempts are counted anew when a
-- delivery is sent again.
WITH failed AS (
    UPDATE webhook_delivery
    SET status = CASE WHEN clock_timestamp() < give_up_at THEN 'owed' ELSE 'dead' END,
        settled_at = CASE WHEN clock_timestamp() < give_up_at THEN NULL ELSE clock_timestamp() END,
        next_try_at = CASE
            WHEN clock_timestamp() < give_up_at
                THEN least(clock_timestamp() + $5 * interval '1 second', give_up_at)
        END,
        claimed_until = NULL,
        last_status = $3,
        last_fault = $4
    WHERE id = $1 AND claimed_until = $2 AND status = 'owed'
    RETURNING id, webhook_id, booking_id, status
), released AS (
    UPDATE webhook_delivery
    SET next_try_at = clock_timestamp()
    FROM failed
    WHERE failed.status = 'dead'
      AND webhook_delivery.webhook_id = failed.webhook_id
      AND webhook_delivery.booking_id = failed.booking_id
      AND webhook_delivery.id > failed.id
      AND webhook_delivery.status = 'owed'
      AND (
          webhook_delivery.claimed_until IS NULL
          OR webhook_delivery.claimed_until < clock_timestamp()
      )
)
SELECT status FROM failed

-- name: disable_failing
-- Those of which something was given up, after many attempts, though they had all their time since
-- their sellers last changed them, and to which nothing else has arrived in this time.
UPDATE webhook
SET is_active = false, disabled_reason = 'gone', failed_at = now(), updated_at = now()
WHERE id = ANY($1::bigint[])
  AND is_active
  AND updated_at < now() - $2 * interval '1 second'
  AND NOT EXISTS (
      SELECT
      FROM (
          SELECT settled_at
          FROM webhook_delivery
          WHERE webhook_delivery.webhook_id = webhook.id AND status = 'delivered'
          ORDER BY webhook_delivery.id DESC
          LIMIT $3
      ) AS latest
      WHERE latest.settled_at > now() - $2 * interval '1 second'
  )

-- name: disable
-- Unless its seller has changed it since, which may have mended what the receiver complained of.
UPDATE webhook
SET is_active = false, disabled_reason = 'gone', failed_at = NULL, updated_at = now()
WHERE id = $1 AND updated_at = $2 AND is_active

-- name: gone
-- If the webhook is disabled by now, whoever did it.
UPDATE webhook_delivery
SET status = 'dead',
    settled_at = clock_timestamp(),
    next_try_at = NULL,
    claimed_until = NULL,
    last_status = $3,
    last_fault = 'gone'
FROM webhook
WHERE webhook_delivery.id = $1
  AND webhook_delivery.claimed_until = $2
  AND webhook_delivery.status = 'owed'
  AND webhook.id = webhook_delivery.webhook_id
  AND NOT webhook.is_active
RETURNING webhook_delivery.status

-- name: backlog
-- A webhook is kept waiting while something of it is due and nothing of it is tried: of one whose
-- receiver is slow or away something is.
SELECT
    coalesce(sum(owed.count), 0)::bigint AS count,
    coalesce(extract(epoch FROM clock_timestamp() - min(owed.created_at)), 0)::float8
        AS oldest_seconds,
    coalesce(
        extract(epoch FROM clock_timestamp() - min(greatest(owed.due_at, owed.tried_at))), 0
    )::float8 AS waiting_seconds
FROM (
    SELECT
        count(*) AS count,
        min(oldest.created_at) AS created_at,
        min(oldest.next_try_at) AS due_at,
        max(oldest.last_attempt_at) AS tried_at
    FROM (
        SELECT
            webhook_delivery.webhook_id, webhook_delivery.created_at,
            webhook_delivery.next_try_at, webhook_delivery.last_attempt_at
        FROM webhook_delivery
        WHERE status = 'owed'
        ORDER BY id
        LIMIT $1
    ) AS oldest
    GROUP BY oldest.webhook_id
) AS owed

-- name: give_up
-- What is owed to webhooks that are disabled. An attempt under way is waited for.
UPDATE webhook_delivery
SET status = 'dead',
    settled_at = clock_timestamp(),
    next_try_at = NULL,
    claimed_until = NULL,
    last_fault = 'disabled'
WHERE id IN (
    SELECT owed.id
    FROM webhook
    CROSS JOIN LATERAL (
        SELECT webhook_delivery.id
        FROM webhook_delivery
        WHERE webhook_delivery.webhook_id = webhook.id
          AND webhook_delivery.status = 'owed'
          AND (
              webhook_delivery.claimed_until IS NULL
              OR webhook_delivery.claimed_until < clock_timestamp()
          )
        LIMIT $1
        FOR UPDATE OF webhook_delivery SKIP LOCKED
    ) AS owed
    WHERE NOT webhook.is_active
    LIMIT $1
)

-- name: give_up_late
-- What has been owed for all its time, tried or not: who fails has one place, and there may be more
-- for it than ever gets a turn. Where nothing was tried in vain it is not the receiver's fault, and
-- it is sent however late.
WITH oldest AS (
    SELECT id, webhook_id, created_at, give_up_at, claimed_until, last_fault
    FROM webhook_delivery
    WHERE status = 'owed' AND id > $2
    ORDER BY id
    LIMIT $3
), late AS (
    SELECT webhook_delivery.id
    FROM webhook_delivery
    JOIN oldest ON oldest.id = webhook_delivery.id
    WHERE coalesce(oldest.give_up_at, oldest.created_at + $4 * interval '1 second')
            < clock_timestamp()
      AND oldest.webhook_id IN (SELECT webhook_id FROM oldest WHERE last_fault IS NOT NULL)
      AND webhook_delivery.status = 'owed'
      AND (
          webhook_delivery.claimed_until IS NULL
          OR webhook_delivery.claimed_until < clock_timestamp()
      )
    ORDER BY webhook_delivery.id
    LIMIT $1
    FOR UPDATE OF webhook_delivery SKIP LOCKED
), given_up AS (
    UPDATE webhook_delivery
    SET status = 'dead',
        settled_at = clock_timestamp(),
        next_try_at = NULL,
        claimed_until = NULL
    FROM late
    WHERE webhook_delivery.id = late.id
    RETURNING
        webhook_delivery.id, webhook_delivery.webhook_id, webhook_delivery.booking_id,
        webhook_delivery.attempt_count
), released AS (
    UPDATE webhook_delivery
    SET next_try_at = clock_timestamp()
    FROM given_up
    WHERE webhook_delivery.webhook_id = given_up.webhook_id
      AND webhook_delivery.booking_id = given_up.booking_id
      AND webhook_delivery.id > given_up.id
      AND webhook_delivery.status = 'owed'
      AND (
          webhook_delivery.claimed_until IS NULL
          OR webhook_delivery.claimed_until < clock_timestamp()
      )
      AND NOT EXISTS (SELECT FROM late WHERE late.id = webhook_delivery.id)
)
SELECT
    (SELECT count(*) FROM oldest) AS looked_at,
    (SELECT max(id) FROM oldest) AS last_id,
    (SELECT count(*) FROM given_up) AS given_up,
    ARRAY(
        SELECT webhook_id FROM given_up GROUP BY webhook_id HAVING sum(attempt_count) >= $5
    ) AS failing

-- name: forget_old
DELETE FROM webhook_delivery
WHERE id IN (
    SELECT id
    FROM webhook_delivery
    WHERE status <> 'owed' AND settled_at < now() - $2 * interval '1 second'
    ORDER BY settled_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)

-- name: forget_removed
DELETE FROM webhook_delivery
WHERE id IN (
    SELECT webhook_delivery.id
    FROM webhook
    JOIN webhook_delivery ON webhook_delivery.webhook_id = webhook.id
    WHERE webhook.removed_at IS NOT NULL
      AND (
          webhook_delivery.claimed_until IS NULL
          OR webhook_delivery.claimed_until < clock_timestamp()
      )
    LIMIT $1
    FOR UPDATE OF webhook_delivery SKIP LOCKED
)

-- name: drop_removed
-- A transaction that looked for webhooks before it was removed may owe it something yet.
DELETE FROM webhook
WHERE id IN (
    SELECT id
    FROM webhook
    WHERE removed_at < now() - interval '10 minutes'
      AND NOT EXISTS (SELECT FROM webhook_delivery WHERE webhook_delivery.webhook_id = webhook.id)
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)

-- name: forget_previous
UPDATE webhook
SET previous_salt = NULL, previous_until = NULL
WHERE id IN (
    SELECT id FROM webhook WHERE previous_until < now() LIMIT $1 FOR UPDATE SKIP LOCKED
)
