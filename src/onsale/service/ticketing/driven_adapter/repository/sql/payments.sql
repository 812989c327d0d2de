-- Attempts to take money, what is owed back, and how far the gateway's account has been checked.

-- name: release_expired_key
UPDATE payment_attempt
SET buyer_id = NULL, idempotency_key = NULL, request_digest = NULL
WHERE buyer_id = $1 AND idempotency_key = $2 AND created_at < now() - interval '24 hours'

-- name: keyed_attempt
SELECT id, booking_id, amount, currency, status, payment_id, decline_reason, request_digest
FROM payment_attempt
WHERE buyer_id = $1 AND idempotency_key = $2 AND created_at >= now() - interval '24 hours'

-- name: open_attempt
INSERT INTO payment_attempt (
    id, booking_id, amount, currency, buyer_id, idempotency_key, request_digest
)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING

-- name: has_open_attempt
SELECT EXISTS (
    SELECT FROM payment_attempt WHERE booking_id = $1 AND status IN ('open', 'authorized')
)

-- name: authorize_attempt
UPDATE payment_attempt
SET status = 'authorized', authorized_at = clock_timestamp()
WHERE id = $1 AND status = 'open'

-- name: close_attempt
-- Nothing came of an attempt that was voided, so its key may begin another.
UPDATE payment_attempt
SET status = $2::text,
    payment_id = $3,
    decline_reason = $4,
    settled_at = clock_timestamp(),
    buyer_id = CASE WHEN $2::text <> 'voided' THEN buyer_id END,
    idempotency_key = CASE WHEN $2::text <> 'voided' THEN idempotency_key END,
    request_digest = CASE WHEN $2::text <> 'voided' THEN request_digest END
WHERE id = $1 AND status IN ('open', 'authorized')

-- name: attempt
SELECT id, booking_id, amount, currency, status, payment_id, decline_reason
FROM payment_attempt
WHERE id = $1

-- name: owe_refund
INSERT INTO payment_refund (id, payment_id, amount, reason, attempt_id, booking_id)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING

-- name: take_due_refunds
-- Due again after the calls for the whole batch have ended, so that two workers do not both make one.
UPDATE payment_refund
SET try_count = try_count + 1,
    next_try_at = clock_timestamp()
        + least(interval '30 seconds' * power(2, least(try_count, 10)), interval '1 hour')
WHERE id IN (
    SELECT id
    FROM payment_refund
    WHERE status = 'owed' AND next_try_at <= statement_timestamp()
    ORDER BY next_try_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)
RETURNING id, payment_id, amount, reason, attempt_id, booking_id

-- name: finish_refund
UPDATE payment_refund
SET status = 'done', next_try_at = NULL, settled_at = clock_timestamp()
WHERE id = $1 AND status = 'owed'

-- name: begin_sweep
-- What was taken before this ledger compared for the first time is not its affair.
INSERT INTO gateway_sweep (id, swept_to, looked_back_at)
VALUES (1, now(), now())
ON CONFLICT DO NOTHING

-- name: look_back
-- Two days once a day, so that what one look back misses is seen by the next.
UPDATE gateway_sweep
SET looked_back_at = now()
WHERE looked_back_at < now() - interval '1 day'
RETURNING swept_to - interval '2 days'

-- name: swept_to
SELECT swept_to FROM gateway_sweep

-- name: earliest_unsettled
SELECT min(taken.taken_at)
FROM unnest($1::uuid[], $2::timestamptz[]) AS taken (key, taken_at)
JOIN payment_attempt ON payment_attempt.id = taken.key
WHERE payment_attempt.status IN ('open', 'authorized')

-- name: owe_stray_refunds
-- Only states that no attempt leaves again are judged here.
INSERT INTO payment_refund (id, payment_id, amount, reason, attempt_id, booking_id)
SELECT
    taken.refund_id, taken.payment_id, taken.amount,
    CASE payment_attempt.status
        WHEN 'captured' THEN 'doubled' WHEN 'declined' THEN 'late' WHEN 'voided' THEN 'late'
    END,
    payment_attempt.id, payment_attempt.booking_id
FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::int[])
    AS taken (refund_id, payment_id, key, amount)
JOIN payment_attempt ON payment_attempt.id = taken.key
WHERE payment_attempt.status IN ('declined', 'voided')
   OR (payment_attempt.status = 'captured' AND payment_attempt.payment_id <> taken.payment_id)
ON CONFLICT DO NOTHING

-- name: question_strays
-- An attempt is committed before its key is used, so a key that is unknown now stays unknown.
INSERT INTO stray_payment (payment_id, key, amount, taken_at)
SELECT taken.payment_id, taken.key, taken.amount, taken.taken_at
FROM unnest($1::text[], $2::uuid[], $3::int[], $4::timestamptz[])
    AS taken (payment_id, key, amount, taken_at)
WHERE NOT EXISTS (SELECT FROM payment_attempt WHERE payment_attempt.id = taken.key)
ON CONFLICT DO NOTHING
RETURNING payment_id

-- name: advance_sweep
UPDATE gateway_sweep SET swept_to = greatest(swept_to, $1)
