-- What has been sold of an event, as the ledger has it.

-- name: tickets_by_status
SELECT section, subsection, status, count(*) AS seats, sum(price) AS price
FROM ticket
WHERE event_id = $1
GROUP BY section, subsection, status

-- name: bookings_by_second
-- A hold begins when its booking gets its seats. Ids begin with the time at which a booking was made,
-- so that only those of the last quarter of an hour are read: a later reserve is refused.
SELECT
    greatest(0, floor(extract(epoch FROM now() - granted_at)))::int AS seconds_ago,
    count(*) AS bookings
FROM (
    SELECT booking.expires_at - event.hold_seconds * interval '1 second' AS granted_at
    FROM booking
    JOIN event ON event.id = booking.event_id
    WHERE booking.event_id = $1
      AND booking.id >= (
          lpad(
              to_hex((extract(epoch FROM now() - interval '16 minutes') * 1000)::bigint), 12, '0'
          )
          || repeat('0', 20)
      )::uuid
) AS granted
WHERE granted_at > now() - $2 * interval '1 second'
GROUP BY seconds_ago

-- name: refunds_due
-- Owed already, or paid for a booking of a cancelled event that has yet to end.
SELECT coalesce(sum(amount), 0)::bigint
FROM (
    SELECT payment_refund.amount
    FROM payment_refund
    JOIN booking ON booking.id = payment_refund.booking_id
    WHERE booking.event_id = $1 AND payment_refund.status = 'owed'
    UNION ALL
    SELECT booking.total_price
    FROM event
    JOIN booking ON booking.event_id = event.id
    WHERE event.id = $1 AND event.cancellation_owed AND booking.status IN ('paid', 'completed')
) AS due

-- name: taken_tickets
SELECT
    ticket.section, ticket.subsection, row_number, seat_number, ticket.status, price, booking_id,
    booking.created_at AS booked_at
FROM ticket
JOIN booking ON booking.id = ticket.booking_id
WHERE ticket.event_id = $1
  AND (ticket.section, ticket.subsection, row_number, seat_number) > ($2, $3::int, $4::int, $5::int)
  AND ticket.status IN ('reserved', 'sold')
ORDER BY ticket.section, ticket.subsection, row_number, seat_number
LIMIT $6
