-- Contradictions within the ledger, one sentence a row. Nothing here changes anything.

-- name: loaded_events
SELECT id FROM event WHERE status <> 'draft' ORDER BY id

-- name: status
SELECT status FROM event WHERE id = $1

-- name: epoch
SELECT epoch FROM event WHERE id = $1

-- name: owed_commands
SELECT count(*) FROM booking WHERE event_id = $1 AND command IS NOT NULL

-- name: check_ticket_has_its_booking
SELECT format(
    'ticket %s (%s-%s seat %s-%s) is %s for booking %s, which is %s', ticket.id, ticket.section,
    ticket.subsection, row_number, seat_number, ticket.status, booking_id, booking.status
) AS sentence
FROM ticket
-- One by one through the index, whatever size of an event the planner has in mind: it would read the
-- bookings of all events for the tickets of one. OFFSET keeps it from making a join of this again.
CROSS JOIN LATERAL (SELECT status FROM booking WHERE id = ticket.booking_id OFFSET 0) AS booking
WHERE ticket.event_id = $1
  AND ticket.booking_id IS NOT NULL
  AND ticket.status <> CASE
      WHEN booking.status = 'completed' THEN 'sold'
      WHEN booking.status IN ('pending_payment', 'paid') THEN 'reserved'
      ELSE 'free'
  END

-- name: check_ticket_is_joined
SELECT format(
    'ticket %s is %s for booking %s but not among its tickets', ticket.id, ticket.status,
    ticket.booking_id
) AS sentence
FROM ticket
LEFT JOIN booking_ticket
    ON booking_ticket.ticket_id = ticket.id AND booking_ticket.booking_id = ticket.booking_id
WHERE ticket.event_id = $1 AND ticket.booking_id IS NOT NULL AND booking_ticket.ticket_id IS NULL

-- name: check_booking_has_its_tickets
-- Quantity, positions and price of a live booking against the tickets that it holds.
WITH held AS (
    SELECT booking.id, booking.status, booking.quantity, booking.total_price,
        booking.seat_positions,
        count(ticket.id) AS ticket_count,
        coalesce(sum(ticket.price), 0) AS ticket_price,
        array_agg(ticket.row_number || '-' || ticket.seat_number) FILTER (
            WHERE ticket.booking_id = booking.id
                AND ticket.section = booking.section AND ticket.subsection = booking.subsection
        ) AS ticket_positions
    FROM booking
    LEFT JOIN booking_ticket ON booking_ticket.booking_id = booking.id
    LEFT JOIN ticket ON ticket.id = booking_ticket.ticket_id
    WHERE booking.event_id = $1
    GROUP BY booking.id
)
SELECT format(
    'booking %s is %s for %s seats %s at %s and has %s tickets %s at %s', id, status, quantity,
    seat_positions, total_price, ticket_count, ticket_positions, ticket_price
) AS sentence
FROM held
WHERE CASE
    WHEN status IN ('pending_payment', 'paid', 'completed') THEN
        ticket_count <> quantity
        OR total_price <> ticket_price
        OR ticket_positions IS NULL
        OR NOT (seat_positions::text[] @> ticket_positions AND ticket_positions @> seat_positions::text[])
    ELSE ticket_count > 0
END

-- name: check_a_cancelled_event_has_ended
-- Once its bookings are said to have ended, none holds seats or money.
SELECT format('the event is cancelled and booking %s is %s', booking.id, booking.status) AS sentence
FROM event
JOIN booking ON booking.event_id = event.id
WHERE event.id = $1
  AND event.status = 'cancelled'
  AND NOT event.cancellation_owed
  AND booking.status IN ('pending_payment', 'paid', 'completed')

-- name: check_prices_are_the_halls
-- A row's price is that of its category, if it is in one, else the section's.
WITH category AS MATERIALIZED (
    SELECT hall_section ->> 'name' AS section, (rectangle ->> 'number')::int AS subsection,
        (price_category -> 'rows' ->> 0)::int AS first_row,
        (price_category -> 'rows' ->> 1)::int AS last_row,
        (price_category ->> 'price')::int AS price
    FROM event
    CROSS JOIN LATERAL jsonb_array_elements(event.seating_config -> 'sections') AS hall_section
    CROSS JOIN LATERAL jsonb_array_elements(hall_section -> 'subsections') AS rectangle
    CROSS JOIN LATERAL jsonb_array_elements(rectangle -> 'price_categories') AS price_category
    WHERE event.id = $1
)
SELECT format(
    'ticket %s costs %s and row %s of section %s costs %s', ticket.id, ticket.price,
    ticket.row_number, ticket.section, coalesce(category.price::text, hall_section ->> 'price')
) AS sentence
FROM event
CROSS JOIN LATERAL jsonb_array_elements(event.seating_config -> 'sections') AS hall_section
JOIN ticket ON ticket.event_id = event.id AND ticket.section = hall_section ->> 'name'
LEFT JOIN category ON category.section = ticket.section
    AND category.subsection = ticket.subsection
    AND ticket.row_number BETWEEN category.first_row AND category.last_row
WHERE event.id = $1
  AND ticket.price <> coalesce(category.price, (hall_section ->> 'price')::int)

-- name: check_every_seat_has_a_ticket
SELECT format('the hall has %s seats and the event %s tickets', hall.seats, tickets.count)
    AS sentence
FROM (
    SELECT sum((rectangle ->> 'rows')::int * (rectangle ->> 'seats_per_row')::int) AS seats
    FROM event
    CROSS JOIN LATERAL jsonb_array_elements(event.seating_config -> 'sections') AS hall_section
    CROSS JOIN LATERAL jsonb_array_elements(hall_section -> 'subsections') AS rectangle
    WHERE event.id = $1
) AS hall
CROSS JOIN (SELECT count(*) AS count FROM ticket WHERE event_id = $1) AS tickets
WHERE hall.seats <> tickets.count

-- name: check_money_was_taken_once
-- What a paid or completed booking names is what was captured for it, and nothing of that goes back.
SELECT format(
    'booking %s is %s under payment %s and has %s captured payments that are not handed back: %s',
    booking.id, booking.status, coalesce(booking.payment_id, 'none'), count(kept.payment_id),
    coalesce(string_agg(kept.payment_id, ', '), 'none')
) AS sentence
FROM booking
LEFT JOIN (
    SELECT payment_attempt.booking_id, payment_attempt.payment_id
    FROM payment_attempt
    LEFT JOIN payment_refund ON payment_refund.payment_id = payment_attempt.payment_id
    WHERE payment_attempt.status = 'captured' AND payment_refund.id IS NULL
) AS kept ON kept.booking_id = booking.id
WHERE booking.event_id = $1
GROUP BY booking.id
HAVING array_remove(array_agg(kept.payment_id), NULL) <> CASE
    WHEN booking.status IN ('paid', 'completed') THEN ARRAY[booking.payment_id]
    ELSE ARRAY[]::varchar[]
END

-- name: check_money_is_handed_back
-- What a booking that ended without its tickets names as its payment is owed back in full, or was
-- given back.
SELECT format(
    'booking %s is %s after %s cents were taken under payment %s, and %s are handed back',
    booking.id, booking.status, payment_attempt.amount, booking.payment_id,
    coalesce(payment_refund.amount, 0)
) AS sentence
FROM booking
LEFT JOIN payment_attempt
    ON payment_attempt.booking_id = booking.id AND payment_attempt.payment_id = booking.payment_id
LEFT JOIN payment_refund ON payment_refund.payment_id = booking.payment_id
WHERE booking.event_id = $1
  AND booking.status NOT IN ('paid', 'completed')
  AND booking.payment_id IS NOT NULL
  AND payment_refund.amount IS DISTINCT FROM payment_attempt.amount
