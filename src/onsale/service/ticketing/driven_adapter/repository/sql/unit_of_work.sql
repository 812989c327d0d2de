-- The statements of one ledger transaction. Each lock is a statement of its own, and what depends
-- on it is read by a later one, whose snapshot is therefore not older than the lock.

-- name: share_event_locks
SELECT pg_advisory_xact_lock_shared(id) FROM (
    SELECT id FROM unnest($1::bigint[]) AS wanted (id) ORDER BY id
) AS ordered

-- name: share_free_event_locks
SELECT id, pg_try_advisory_xact_lock_shared(id) AS is_shared
FROM unnest($1::bigint[]) AS wanted (id)

-- name: own_event_lock
SELECT pg_advisory_xact_lock($1::bigint)

-- name: expect_long_transaction
-- The seat store is loaded while the event is owned, and a huge hall takes it seconds.
SELECT set_config('idle_in_transaction_session_timeout', '60s', true)

-- name: event_terms
SELECT id, seller_id, epoch, hold_seconds, status = 'cancelled' AS is_cancelled
FROM event
WHERE id = ANY($1::bigint[])

-- name: lock_bookings
SELECT
    id, buyer_id, event_id, section, subsection, seat_selection_mode, quantity, seat_positions,
    seat_rules, total_price, currency, status, created_at, failure_reason, cancel_reason,
    expires_at, paid_at, payment_id, command, command_seq, next_send_at,
    clock_timestamp() AS locked_at
FROM booking
WHERE id = ANY($1::uuid[])
ORDER BY id
FOR UPDATE

-- name: save_bookings
UPDATE booking
SET status = b.status,
    seat_positions = string_to_array(b.positions, ','),
    total_price = b.total_price,
    failure_reason = b.failure_reason,
    cancel_reason = b.cancel_reason,
    expires_at = b.expires_at,
    paid_at = b.paid_at,
    payment_id = b.payment_id,
    command = b.command,
    command_seq = b.command_seq,
    send_count = CASE WHEN b.command_seq = booking.command_seq THEN send_count ELSE 0 END,
    next_send_at = b.next_send_at,
    updated_at = clock_timestamp()
FROM unnest(
    $1::uuid[], $2::text[], $3::int[], $4::text[], $5::text[], $6::int[], $7::text[], $8::text[],
    $9::timestamptz[], $10::timestamptz[], $11::text[], $12::text[], $13::int[], $14::timestamptz[]
) AS b (
    id, from_status, from_seq, status, positions, total_price, failure_reason, cancel_reason,
    expires_at, paid_at, payment_id, command, command_seq, next_send_at
)
WHERE booking.id = b.id
  AND booking.status = b.from_status
  AND booking.command_seq = b.from_seq

-- name: lock_seats
SELECT ticket.id
FROM unnest($1::bigint[], $2::text[], $3::int[], $4::int[], $5::int[])
    AS s (event_id, section, subsection, row_number, seat_number)
JOIN ticket USING (event_id, section, subsection, row_number, seat_number)
ORDER BY ticket.id
FOR UPDATE OF ticket

-- name: hold_seats
WITH moved AS (
    UPDATE ticket
    SET status = 'reserved', booking_id = s.booking_id, buyer_id = s.buyer_id,
        reserved_at = clock_timestamp()
    FROM unnest(
        $1::bigint[], $2::text[], $3::int[], $4::int[], $5::int[], $6::uuid[], $7::bigint[]
    ) AS s (event_id, section, subsection, row_number, seat_number, booking_id, buyer_id)
    WHERE ticket.event_id = s.event_id
      AND ticket.section = s.section
      AND ticket.subsection = s.subsection
      AND ticket.row_number = s.row_number
      AND ticket.seat_number = s.seat_number
      AND ticket.status = 'available'
    RETURNING ticket.id, ticket.booking_id, ticket.price
), joined AS (
    INSERT INTO booking_ticket (booking_id, ticket_id)
    SELECT booking_id, id FROM moved
)
SELECT booking_id, count(*) AS count, sum(price) AS total_price FROM moved GROUP BY booking_id

-- name: tickets_of
SELECT ticket_id FROM booking_ticket WHERE booking_id = ANY($1::uuid[])

-- name: lock_tickets
-- By their ids: a join of thousands of bookings with all tickets there are tempts the planner into
-- reading those of every event.
SELECT id FROM ticket WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE

-- name: free_tickets
WITH unjoined AS (DELETE FROM booking_ticket WHERE booking_id = ANY($2::uuid[]))
UPDATE ticket
SET status = 'available', booking_id = NULL, buyer_id = NULL, reserved_at = NULL
WHERE id = ANY($1::bigint[])
  AND booking_id = ANY($2::uuid[])
  AND status = 'reserved'

-- name: reclaim_tickets
WITH unjoined AS (DELETE FROM booking_ticket WHERE booking_id = ANY($2::uuid[]))
UPDATE ticket
SET status = 'available', booking_id = NULL, buyer_id = NULL, reserved_at = NULL
WHERE id = ANY($1::bigint[])
  AND booking_id = ANY($2::uuid[])
  AND status IN ('reserved', 'sold')

-- name: restate_seats
-- The event is owned: nobody else moves a ticket of it meanwhile, so none needs a lock before.
UPDATE ticket
SET status = $7
FROM unnest($4::int[], $5::int[]) AS s (row_number, seat_number)
WHERE ticket.event_id = $1
  AND ticket.section = $2
  AND ticket.subsection = $3
  AND ticket.row_number = s.row_number
  AND ticket.seat_number = s.seat_number
  AND ticket.status = $6
RETURNING ticket.row_number, ticket.seat_number

-- name: claim_live_bookings
SELECT
    id, buyer_id, event_id, section, subsection, seat_selection_mode, quantity, seat_positions,
    seat_rules, total_price, currency, status, created_at, failure_reason, cancel_reason,
    expires_at, paid_at, payment_id, command, command_seq, next_send_at,
    clock_timestamp() AS locked_at
FROM booking
WHERE event_id = $1
  AND id > $2
  AND status IN ('processing', 'pending_payment', 'paid', 'completed')
  AND id NOT IN (SELECT booking_id FROM payment_attempt WHERE status IN ('open', 'authorized'))
ORDER BY id
LIMIT $3
FOR UPDATE SKIP LOCKED

-- name: has_live_bookings
SELECT EXISTS (
    SELECT
    FROM booking
    WHERE event_id = $1 AND status IN ('processing', 'pending_payment', 'paid', 'completed')
)

-- name: finish_cancellation
UPDATE event SET cancellation_owed = false, updated_at = clock_timestamp() WHERE id = $1

-- name: is_cancelled
SELECT status = 'cancelled' FROM event WHERE id = $1

-- name: lock_tickets_to_forfeit
-- The booking's subsection is named because no index leads from a ticket's booking to it.
SELECT ticket.id
FROM ticket
WHERE ticket.id IN (SELECT ticket_id FROM booking_ticket WHERE booking_id = $1)
   OR (event_id = $2 AND section = $3 AND subsection = $4 AND ticket.booking_id = $1)
ORDER BY ticket.id
FOR UPDATE OF ticket

-- name: forfeit_tickets
WITH unjoined AS (
    DELETE FROM booking_ticket WHERE booking_id = $1
)
UPDATE ticket
SET status = 'available', booking_id = NULL, buyer_id = NULL, reserved_at = NULL
WHERE ticket.booking_id = $1 AND ticket.id = ANY($2::bigint[])

-- name: sell_tickets
WITH moved AS (
    UPDATE ticket
    SET status = 'sold', admitted_at = NULL
    FROM booking_ticket
    WHERE booking_ticket.booking_id = ANY($1::uuid[])
      AND ticket.id = booking_ticket.ticket_id
      AND ticket.booking_id = booking_ticket.booking_id
      AND ticket.status = 'reserved'
    RETURNING ticket.booking_id, ticket.price
)
SELECT booking_id, count(*) AS count, sum(price) AS total_price FROM moved GROUP BY booking_id

-- name: admit_ticket
-- No index has the column, so the row stays on its page and no index is touched.
UPDATE ticket
SET admitted_at = clock_timestamp()
WHERE id = $1 AND booking_id = $2 AND status = 'sold' AND admitted_at IS NULL
RETURNING id, section, subsection, row_number, seat_number, admitted_at

-- name: admitted_ticket
SELECT id, section, subsection, row_number, seat_number, admitted_at
FROM ticket
WHERE id = $1 AND booking_id = $2 AND status = 'sold' AND admitted_at IS NOT NULL

-- name: events_of_first_expired_holds
-- In the order in which holds run out, so it costs what has run out and nothing of what is still
-- held. What is being paid is read once (NOT IN hashes it): joined, it was compared with each hold
-- for as long as the planner had not heard of a sudden crowd of payments.
SELECT event_id, count(*) AS count
FROM (
    SELECT event_id, expires_at
    FROM booking
    WHERE status = 'pending_payment'
      AND expires_at <= statement_timestamp()
      AND id NOT IN (
          SELECT booking_id FROM payment_attempt WHERE status IN ('open', 'authorized')
      )
    ORDER BY expires_at
    LIMIT $1
) AS first_expired
GROUP BY event_id
ORDER BY min(expires_at)

-- name: events_with_expired_holds
-- From event to event, and to the hold of each that runs out first: however many holds of one event
-- have run out or may not end yet, those of the others are found.
WITH RECURSIVE held (event_id, runs_out_at) AS (
    (
        SELECT event_id, expires_at
        FROM booking
        WHERE status = 'pending_payment'
        ORDER BY event_id, expires_at
        LIMIT 1
    )
    UNION ALL
    SELECT next_one.event_id, next_one.expires_at
    FROM held
    CROSS JOIN LATERAL (
        SELECT booking.event_id, booking.expires_at
        FROM booking
        WHERE booking.status = 'pending_payment' AND booking.event_id > held.event_id
        ORDER BY booking.event_id, booking.expires_at
        LIMIT 1
    ) AS next_one
)
SELECT held.event_id
FROM held
CROSS JOIN LATERAL (
    SELECT booking.expires_at
    FROM booking
    WHERE booking.status = 'pending_payment'
      AND booking.event_id = held.event_id
      AND booking.expires_at <= statement_timestamp()
      AND booking.id NOT IN (
          SELECT booking_id FROM payment_attempt WHERE status IN ('open', 'authorized')
      )
    ORDER BY booking.expires_at
    LIMIT 1
) AS may_end
WHERE held.runs_out_at <= statement_timestamp()
ORDER BY may_end.expires_at
LIMIT $1

-- name: claim_expired_holds
-- From each event the same number, so that no crowd of one makes another wait.
SELECT hold.*, clock_timestamp() AS locked_at
FROM unnest($1::bigint[]) AS wanted (event_id)
CROSS JOIN LATERAL (
    SELECT
        id, buyer_id, event_id, section, subsection, seat_selection_mode, quantity, seat_positions,
        seat_rules, total_price, currency, status, created_at, failure_reason, cancel_reason,
        expires_at, paid_at, payment_id, command, command_seq, next_send_at
    FROM booking
    WHERE booking.status = 'pending_payment'
      AND booking.event_id = wanted.event_id
      AND booking.expires_at <= statement_timestamp()
      AND booking.id NOT IN (
          SELECT booking_id FROM payment_attempt WHERE status IN ('open', 'authorized')
      )
    ORDER BY booking.expires_at
    LIMIT $2
    FOR UPDATE OF booking SKIP LOCKED
) AS hold

-- name: being_paid
SELECT booking_id
FROM payment_attempt
WHERE booking_id = ANY($1::uuid[]) AND status IN ('open', 'authorized')

-- name: due_commands
SELECT
    id, buyer_id, event_id, section, subsection, seat_selection_mode, quantity, seat_positions,
    seat_rules, total_price, currency, status, created_at, failure_reason, cancel_reason,
    expires_at, paid_at, payment_id, command, command_seq, next_send_at,
    clock_timestamp() AS locked_at
FROM booking
WHERE command IS NOT NULL AND next_send_at <= statement_timestamp()
ORDER BY next_send_at
LIMIT $1
FOR UPDATE SKIP LOCKED

-- name: postpone_commands
UPDATE booking
SET send_count = send_count + 1,
    next_send_at = clock_timestamp()
        + least(interval '10 seconds' * power(2, least(send_count, 6)), interval '10 minutes')
WHERE id = ANY($1::uuid[])

-- name: retract_sendings
-- The broker was away, so nothing was sent: it does not count, and is tried again when the others
-- that were refused at the same moment are not all due.
UPDATE booking
SET send_count = greatest(send_count - 1, 0),
    next_send_at = clock_timestamp() + interval '1 second' * (1 + random())
WHERE id = ANY($1::uuid[])

-- name: hurry_unsent
-- Whatever has yet to be sent from here for the first time is due within ten seconds anyway.
UPDATE booking
SET next_send_at = clock_timestamp()
WHERE id IN (
    SELECT id
    FROM booking
    WHERE command IS NOT NULL
      AND next_send_at > statement_timestamp()
      AND next_send_at <= statement_timestamp() + interval '10 seconds'
      AND send_count = 0
      AND updated_at <= $1
    ORDER BY next_send_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)

-- name: epochs
SELECT id, epoch FROM event WHERE id = ANY($1::bigint[])

-- name: request_load
UPDATE event SET load_owed = true WHERE id = ANY($1::bigint[]) AND NOT load_owed

-- name: owes_load
SELECT load_owed FROM event WHERE id = $1

-- name: raise_epoch
-- Microseconds of the clock where those are more: neither a load that is repeated after a rollback
-- nor a ledger restored from a backup may use an epoch that the seat store has seen before.
UPDATE event
SET epoch = greatest(epoch + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
WHERE id = $1
RETURNING epoch

-- name: finish_load
UPDATE event
SET load_owed = false,
    status = CASE status WHEN 'draft' THEN 'available' ELSE status END,
    updated_at = clock_timestamp()
WHERE id = $1

-- name: make_commands_due
UPDATE booking
SET next_send_at = clock_timestamp()
WHERE event_id = $1 AND command IS NOT NULL

-- name: hurry_commands
UPDATE booking
SET next_send_at = clock_timestamp()
WHERE event_id = $1
  AND command IS NOT NULL
  AND send_count > 0
  AND next_send_at > clock_timestamp()

-- name: seating_config
SELECT seating_config FROM event WHERE id = $1

-- name: taken_tickets
SELECT section, subsection, row_number, seat_number, status
FROM ticket
WHERE event_id = $1 AND status <> 'available'

-- name: live_bookings
SELECT id, created_at, command_seq, section, subsection, seat_positions, status
FROM booking
WHERE event_id = $1 AND status IN ('pending_payment', 'paid', 'completed')
