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
-- An event that is not on sale inserts nothing; a key or an id that stands already neither.
-- By this clock, so that its age is judged by the clock that gave it.
-- In key order, so that two processes with the same keys cannot wait for each other.
INSERT INTO booking (
    id, buyer_id, event_id, section, subsection, seat_selection_mode, quantity, seat_positions,
    total_price, currency, status, created_at, updated_at, command, command_seq, next_send_at,
    idempotency_key, request_digest
)
SELECT
    b.id, b.buyer_id, b.event_id, b.section, b.subsection, b.mode, b.quantity,
    string_to_array(b.positions, ','), b.total_price, b.currency, 'processing', now(), now(),
    'reserve', 1, now() + interval '10 seconds', b.key, b.digest
FROM unnest(
    $1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::int[], $6::text[], $7::int[],
    $8::text[], $9::int[], $10::text[], $11::text[], $12::bytea[]
) AS b (
    id, buyer_id, event_id, section, subsection, mode, quantity,
    positions, total_price, currency, key, digest
)
JOIN event ON event.id = b.event_id
WHERE event.status <> 'draft'
  AND event.is_active
  AND (event.on_sale_at IS NULL OR event.on_sale_at <= now())
ORDER BY b.buyer_id, b.key, b.id
ON CONFLICT DO NOTHING
RETURNING id, created_at

-- name: stored_ids
SELECT id, created_at FROM booking WHERE id = ANY($1::uuid[])

-- name: by_keys
SELECT booking.*
FROM unnest($1::bigint[], $2::text[]) AS wanted (buyer_id, key)
JOIN booking ON booking.buyer_id = wanted.buyer_id AND booking.idempotency_key = wanted.key
WHERE booking.created_at >= now() - interval '24 hours'
