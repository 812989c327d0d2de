-- What the ticketing worker keeps in order.

-- name: owing_load
SELECT id FROM event WHERE load_owed AND id > $1 ORDER BY id LIMIT $2

-- name: opened_after
SELECT id FROM event WHERE id > $1 AND status IN ('available', 'sold_out') ORDER BY id LIMIT $2

-- name: owing_cancellation
SELECT id FROM event WHERE cancellation_owed AND id > $1 ORDER BY id LIMIT $2

-- name: follow_seats_alone
SELECT pg_advisory_xact_lock($1::bigint)

-- name: statuses
SELECT id, status FROM event WHERE id = ANY($1::bigint[]) AND status IN ('available', 'sold_out')

-- name: set_statuses
-- Rows that another transaction has in hand are not waited for, as a load keeps its event's for
-- long; and who waits for nobody needs no order of locks.
WITH locked AS (
    SELECT event.id, wanted.status
    FROM unnest($1::bigint[], $2::text[]) AS wanted (id, status)
    JOIN event ON event.id = wanted.id
    -- Looked at again once it is locked: it may have been cancelled since it was counted.
    WHERE event.status IN ('available', 'sold_out')
    FOR NO KEY UPDATE OF event SKIP LOCKED
)
UPDATE event
SET status = locked.status, updated_at = now()
FROM locked
WHERE event.id = locked.id
RETURNING event.id

-- name: now
SELECT clock_timestamp()

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
SELECT
    id, buyer_id, event_id, section, subsection, seat_selection_mode, quantity, seat_positions,
    seat_rules, total_price, currency, status, created_at, failure_reason, cancel_reason,
    expires_at, paid_at, payment_id, command, command_seq, next_send_at
FROM booking
WHERE status = 'paid' AND paid_at < now() - $1 * interval '1 second' AND id > $2
ORDER BY id
LIMIT $3
