-- Webhooks as their sellers see and change them, and the log of each.

-- name: lock_seller
-- One at a time counts a seller's webhooks and adds to them.
SELECT FROM "user" WHERE id = $1 FOR NO KEY UPDATE

-- name: add
INSERT INTO webhook (seller_id, url, event_types, salt)
SELECT $1::bigint, $2::varchar, $3::text[], $4::bytea
WHERE (SELECT count(*) FROM webhook WHERE seller_id = $1 AND removed_at IS NULL) < $5
RETURNING
    id, seller_id, url, event_types, is_active, disabled_reason, failed_at, salt, previous_salt,
    previous_until, created_at, updated_at

-- name: by_id
SELECT
    id, seller_id, url, event_types, is_active, disabled_reason, failed_at, salt, previous_salt,
    previous_until, created_at, updated_at
FROM webhook WHERE id = $1 AND removed_at IS NULL

-- name: page
SELECT
    id, seller_id, url, event_types, is_active, disabled_reason, failed_at, salt, previous_salt,
    previous_until, created_at, updated_at
FROM webhook
WHERE seller_id = $1 AND removed_at IS NULL AND id < $2
ORDER BY id DESC
LIMIT $3

-- name: change
UPDATE webhook
SET url = coalesce($2::varchar, url),
    event_types = coalesce($3::text[], event_types),
    is_active = coalesce($4::boolean, is_active),
    disabled_reason = CASE $4::boolean
        WHEN true THEN NULL
        WHEN false THEN coalesce(disabled_reason, 'seller')
        ELSE disabled_reason
    END,
    failed_at = CASE WHEN $4::boolean THEN NULL ELSE failed_at END,
    updated_at = now()
WHERE id = $1 AND removed_at IS NULL
RETURNING
    id, seller_id, url, event_types, is_active, disabled_reason, failed_at, salt, previous_salt,
    previous_until, created_at, updated_at

-- name: give_up_owed
-- What was owed when the webhook was disabled, before it is put in use again.
UPDATE webhook_delivery
SET status = 'dead',
    settled_at = clock_timestamp(),
    next_try_at = NULL,
    claimed_until = NULL,
    last_fault = 'disabled'
WHERE id IN (
    SELECT owed.id
    FROM webhook
    JOIN webhook_delivery AS owed ON owed.webhook_id = webhook.id
    WHERE webhook.id = $1
      AND NOT webhook.is_active
      AND owed.status = 'owed'
      AND (owed.claimed_until IS NULL OR owed.claimed_until < clock_timestamp())
    LIMIT $2
    FOR UPDATE OF owed
)

-- name: give_up_in_hand
-- What is being tried at this moment: not again after that.
UPDATE webhook_delivery
SET give_up_at = clock_timestamp()
FROM webhook
WHERE webhook.id = $1
  AND NOT webhook.is_active
  AND webhook_delivery.webhook_id = webhook.id
  AND webhook_delivery.status = 'owed'
  AND webhook_delivery.claimed_until >= clock_timestamp()

-- name: rotate
UPDATE webhook
SET salt = $2,
    previous_salt = salt,
    previous_until = now() + $3 * interval '1 second',
    updated_at = now()
WHERE id = $1 AND removed_at IS NULL
RETURNING
    id, seller_id, url, event_types, is_active, disabled_reason, failed_at, salt, previous_salt,
    previous_until, created_at, updated_at

-- name: remove
UPDATE webhook
SET removed_at = now(), is_active = false, disabled_reason = 'seller', updated_at = now()
WHERE id = $1 AND removed_at IS NULL

-- name: owe_ping
INSERT INTO webhook_delivery (webhook_id, type, body) VALUES ($1, $2, $3)
RETURNING
    id, message_id, webhook_id, type, booking_id, event_id, status, next_try_at, attempt_count,
    last_attempt_at, last_status, last_fault, created_at, settled_at

-- name: delivery
SELECT
    id, message_id, webhook_id, type, booking_id, event_id, status, next_try_at, attempt_count,
    last_attempt_at, last_status, last_fault, created_at, settled_at
FROM webhook_delivery WHERE webhook_id = $1 AND id = $2

-- name: delivery_alone
SELECT
    id, message_id, webhook_id, type, booking_id, event_id, status, next_try_at, attempt_count,
    last_attempt_at, last_status, last_fault, created_at, settled_at
FROM webhook_delivery WHERE id = $1

-- name: deliveries
SELECT
    id, message_id, webhook_id, type, booking_id, event_id, status, next_try_at, attempt_count,
    last_attempt_at, last_status, last_fault, created_at, settled_at
FROM webhook_delivery
WHERE webhook_id = $1 AND id < $2
ORDER BY id DESC
LIMIT $3

-- name: deliveries_by_status
SELECT
    id, message_id, webhook_id, type, booking_id, event_id, status, next_try_at, attempt_count,
    last_attempt_at, last_status, last_fault, created_at, settled_at
FROM webhook_delivery
WHERE webhook_id = $1 AND status = $4 AND id < $2
ORDER BY id DESC
LIMIT $3

-- name: resend
UPDATE webhook_delivery
SET status = 'owed',
    next_try_at = clock_timestamp(),
    give_up_at = clock_timestamp() + $2 * interval '1 second',
    attempt_count = CASE status WHEN 'owed' THEN attempt_count ELSE 0 END,
    settled_at = NULL,
    claimed_until = NULL
WHERE id = $1 AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
RETURNING
    id, message_id, webhook_id, type, booking_id, event_id, status, next_try_at, attempt_count,
    last_attempt_at, last_status, last_fault, created_at, settled_at
