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

-- name: orphaned_attempts
SELECT id, booking_id, amount, currency
FROM payment_attempt
WHERE status = 'open' AND created_at < now() - $1 * interval '1 second' AND id > $2
ORDER BY id
LIMIT $3

-- name: paid_bookings
SELECT *
FROM booking
WHERE status = 'paid' AND paid_at < now() - $1 * interval '1 second' AND id > $2
ORDER BY id
LIMIT $3
