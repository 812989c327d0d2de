-- Takes bookings in. All parameters are arrays: one statement stores what many requests brought.

-- name: clear_expired_keys
-- Locked by id first: two processes that clear the same keys must not wait for each other.
WITH expired AS (
    SELECT booking.id
    FROM unnest($1::bigint[], $2::text[]) AS wanted (buyer_id, key)
    JOIN booking ON booking.buyer_id = wanted.buyer_id AND booking.idempotency_key = wanted.key
    WHERE booking.created_at < now() - interval '24 hours'
    ORDER BY booking.id
    FOR UPDATE OF booking
)
UPDATE booking
SET idempotency_key = NULL, request_digest = NULL
FROM expired
WHERE booking.id = expired.id

-- name: insert
-- An event that is not on sale inserts nothing; a key or an id that stands already neither. Nor does
-- one that limits its buyers, unless their tickets were counted under their locks ($14).
-- By this clock, so that its age is judged by the clock that gave it.
-- In key order, so that two processes with the same keys cannot wait for each other.
INSERT INTO booking (
    id, buyer_id, event_id, section, subsection, seat_selection_mode, quantity, seat_positions,
    total_price, currency, status, created_at, updated_at, command, command_seq, next_send_at,
    idempotency_key, request_digest, seat_rules
)
SELECT
    b.id, b.buyer_id, b.event_id, b.section, b.subsection, b.mode, b.quantity,
    string_to_array(b.positions, ','), b.total_price, b.currency, 'processing', now(), now(),
    'reserve', 1, now() + interval '10 seconds', b.key, b.digest, b.seat_rules
FROM unnest(
    $1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::int[], $6::text[], $7::int[],
    $8::text[], $9::int[], $10::text[], $11::text[], $12::bytea[], $13::text[]
) AS b (
    id, buyer_id, event_id, section, subsection, mode, quantity,
    positions, total_price, currency, key, digest, seat_rules
)
JOIN event ON event.id = b.event_id
WHERE event.status NOT IN ('draft', 'cancelled')
  AND event.is_active
  AND (event.on_sale_at IS NULL OR event.on_sale_at <= now())
  AND (event.max_tickets_per_buyer IS NULL OR $14::boolean)
ORDER BY b.buyer_id, b.key, b.id
ON CONFLICT DO NOTHING
RETURNING id, created_at

-- name: stored_ids
SELECT id, created_at FROM booking WHERE id = ANY($1::uuid[])

-- name: limiting_events
SELECT id FROM event WHERE id = ANY($1::bigint[]) AND max_tickets_per_buyer IS NOT NULL

-- name: lock_allowances
-- One lock for each buyer of each event, in an order that all have in common. A lock of two numbers
-- is never one of an event, which has one; where two allowances share a lock, they wait in vain.
SELECT pg_advisory_xact_lock(event_number, buyer_number)
FROM (
    SELECT DISTINCT hashint8(event_id) AS event_number, hashint8(buyer_id) AS buyer_number
    FROM unnest($1::bigint[], $2::bigint[]) AS wanted (event_id, buyer_id)
    ORDER BY 1, 2
) AS ordered

-- name: allowances
-- Read by a later statement than the locks, so that it sees whatever was stored before them. Buyer
-- by buyer through their own bookings, whatever size of an event the planner has in mind.
SELECT wanted.event_id, wanted.buyer_id, event.max_tickets_per_buyer AS ticket_limit, counted.taken
FROM unnest($1::bigint[], $2::bigint[]) AS wanted (event_id, buyer_id)
JOIN event ON event.id = wanted.event_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(quantity), 0) AS taken
    FROM (
        SELECT event_id, quantity, status
        FROM booking
        WHERE booking.buyer_id = wanted.buyer_id
        OFFSET 0
    ) AS theirs
    WHERE theirs.event_id = wanted.event_id
      AND theirs.status IN ('processing', 'pending_payment', 'paid', 'completed')
) AS counted
WHERE event.max_tickets_per_buyer IS NOT NULL

-- name: by_keys
SELECT
    id, booking.buyer_id, event_id, section, subsection, seat_selection_mode, quantity, seat_positions,
    seat_rules, total_price, currency, status, created_at, failure_reason, cancel_reason,
    expires_at, paid_at, payment_id, command, command_seq, next_send_at, idempotency_key,
    request_digest
FROM unnest($1::bigint[], $2::text[]) AS wanted (buyer_id, key)
JOIN booking ON booking.buyer_id = wanted.buyer_id AND booking.idempotency_key = wanted.key
WHERE booking.created_at >= now() - interval '24 hours'
