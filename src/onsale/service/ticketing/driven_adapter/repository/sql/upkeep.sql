-- What the ticketing worker keeps in order.

-- name: owing_load
SELECT id FROM event WHERE load_owed AND id > $1 ORDER BY id LIMIT $2

-- name: opened_after
SELECT id FROM event WHERE id > $1 AND status <> 'draft' ORDER BY id LIMIT $2

-- name: lock_event
SELECT status FROM event WHERE id = $1 AND status <> 'draft' FOR NO KEY UPDATE

-- name: set_status
UPDATE event SET status = $2, updated_at = now() WHERE id = $1

-- name: clear_old_keys
UPDATE booking
SET idempotency_key = NULL, request_digest = NULL
WHERE id IN (
    SELECT id
    FROM booking
    WHERE idempotency_key IS NOT NULL AND created_at < now() - interval '24 hours'
    ORDER BY created_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)

-- name: clear_old_tokens
DELETE FROM revoked_token
WHERE token_id IN (SELECT token_id FROM revoked_token WHERE expires_at < now() LIMIT $1)

-- name: clear_old_payment_keys
UPDATE payment_attempt
SET buyer_id = NULL, idempotency_key = NULL, request_digest = NULL
WHERE id IN (
    SELECT id
    FROM payment_attempt
    WHERE idempotency_key IS NOT NULL AND created_at < now() - interval '24 hours'
    ORDER BY created_at
    LIMIT $1
    FOR UPDATE SKIP LOCKED
)

-- name: orphaned_attempts
SELECT
    payment_attempt.id, booking_id, amount, payment_attempt.currency, payment_attempt.status,
    booking.status = 'pending_payment' AS is_wanted
FROM payment_attempt
JOIN booking ON booking.id = payment_attempt.booking_id
WHERE payment_attempt.status IN ('open', 'authorized')
  AND greatest(payment_attempt.created_at, authorized_at) < now() - $1 * interval '1 second'
  AND payment_attempt.id > $2
ORDER BY payment_attempt.id
LIMIT $3

-- name: paid_bookings
SELECT *
FROM booking
WHERE status = 'paid' AND paid_at < now() - $1 * interval '1 second' AND id > $2
ORDER BY id
LIMIT $3
