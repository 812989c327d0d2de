"""What the storm asks PostgreSQL; ``$1`` are the events of the round."""

UNFINISHED = """
SELECT 'booking ' || id || ' is ' || status
FROM booking
WHERE event_id = ANY($1) AND status IN ('processing', 'paid')
UNION ALL
SELECT 'booking ' || id || ' owes a ' || command
FROM booking
WHERE event_id = ANY($1) AND command IS NOT NULL
UNION ALL
SELECT 'booking ' || booking.id || ' is held and its time runs out'
FROM booking JOIN event ON event.id = booking.event_id
WHERE booking.event_id = ANY($1) AND booking.status = 'pending_payment'
    AND (event.hold_seconds < $2 OR booking.expires_at < now() - interval '2 seconds')
UNION ALL
SELECT 'a payment of booking ' || booking_id || ' is open'
FROM payment_attempt JOIN booking ON booking.id = booking_id
WHERE event_id = ANY($1) AND payment_attempt.status IN ('open', 'authorized')
UNION ALL
SELECT 'event ' || id || ' owes a load' FROM event WHERE id = ANY($1) AND load_owed
UNION ALL
SELECT webhook_delivery.type || ' of booking ' || coalesce(booking_id::text, '-') || ' is owed'
FROM webhook_delivery WHERE event_id = ANY($1) AND status = 'owed'
UNION ALL
SELECT 'event ' || id || ' owes the end of its bookings'
FROM event WHERE id = ANY($1) AND cancellation_owed
"""
# Holds shorter than this are waited for: they run out by themselves.
SHORT_HOLD_SECONDS = 60

BOOKINGS = """
SELECT booking.id::text, buyer_id, event_id, section, subsection, seat_selection_mode AS mode,
    quantity, seat_positions, total_price, booking.status, failure_reason, cancel_reason,
    booking.created_at, booking.updated_at, expires_at, event.hold_seconds, payment_id, command,
    idempotency_key AS key
FROM booking JOIN event ON event.id = booking.event_id
WHERE event_id = ANY($1)
"""
TICKETS = """
SELECT ticket.id, event_id, section, subsection, row_number || '-' || seat_number AS seat, price,
    status, ticket.booking_id::text, booking_ticket.booking_id::text AS joined_to,
    admitted_at IS NOT NULL AS is_admitted
FROM ticket LEFT JOIN booking_ticket ON booking_ticket.ticket_id = ticket.id
WHERE event_id = ANY($1)
ORDER BY event_id, section, subsection, row_number, seat_number
"""
# Money under a key that no attempt knows is of no event, and shows in every round.
CHARGES = """
SELECT payment_attempt.booking_id::text, charge.payment_id,
    coalesce(payment_attempt.amount, 1) AS taken
FROM mock_gateway_charge AS charge
LEFT JOIN payment_attempt ON payment_attempt.id = charge.key
LEFT JOIN booking ON booking.id = payment_attempt.booking_id
WHERE (booking.event_id = ANY($1) OR booking.id IS NULL) AND charge.payment_id IS NOT NULL
"""
OPEN_ATTEMPTS = """
SELECT booking_id::text
FROM payment_attempt JOIN booking ON booking.id = booking_id
WHERE event_id = ANY($1) AND payment_attempt.status IN ('open', 'authorized')
"""
# Where that has just become so, and is being told, nobody can have heard of it yet.
SOLD_OUT = """
SELECT id
FROM event
WHERE id = ANY($1) AND status = 'sold_out'
    AND NOT EXISTS (
        SELECT FROM webhook_delivery
        WHERE webhook_delivery.event_id = event.id AND booking_id IS NULL
            AND webhook_delivery.status = 'owed'
    )
"""
CHARGES_AND_REFUNDS = """
SELECT payment_attempt.booking_id::text, payment.payment_id, payment.amount AS taken,
    coalesce(refund.amount, 0) AS returned
FROM mock_gateway_payment AS payment
LEFT JOIN mock_gateway_refund AS refund ON refund.payment_id = payment.payment_id
LEFT JOIN payment_attempt ON payment_attempt.id = payment.key
LEFT JOIN booking ON booking.id = payment_attempt.booking_id
WHERE booking.event_id = ANY($1) OR booking.id IS NULL
"""
# Money that is on its way back, or that the system has yet to notice.
UNFINISHED_REFUNDS = """
SELECT 'payment ' || payment.payment_id || ' of booking ' || booking.id || ' (' || booking.status
    || ') is neither kept for it nor handed back'
FROM mock_gateway_payment AS payment
JOIN payment_attempt ON payment_attempt.id = payment.key
JOIN booking ON booking.id = payment_attempt.booking_id
WHERE booking.event_id = ANY($1)
    AND NOT (booking.status = 'completed' AND booking.payment_id = payment.payment_id)
    AND NOT EXISTS (
        SELECT FROM mock_gateway_refund WHERE mock_gateway_refund.payment_id = payment.payment_id
    )
UNION ALL
SELECT 'payment ' || payment_refund.payment_id || ' is owed back'
FROM payment_refund JOIN booking ON booking.id = payment_refund.booking_id
WHERE event_id = ANY($1) AND payment_refund.status = 'owed'
"""
