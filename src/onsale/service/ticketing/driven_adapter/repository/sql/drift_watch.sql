-- What the continuous comparison reads of the ledger: each look is one statement, so that what it
-- tells is of one moment.

-- name: opened_after
SELECT id, epoch
FROM event
WHERE id > $1 AND status <> 'draft' AND NOT load_owed
ORDER BY id
LIMIT $2

-- name: look
SELECT
    event.epoch,
    event.seating_config,
    -- Refused while the event is being loaded.
    pg_try_advisory_xact_lock_shared(event.id) AS is_free,
    (
        SELECT coalesce(json_agg(json_build_array(section, subsection, status, seats)), '[]')
        FROM (
            SELECT section, subsection, status, count(*) AS seats
            FROM ticket
            WHERE event_id = $1
            GROUP BY section, subsection, status
        ) AS counted
    ) AS tickets,
    (
        SELECT coalesce(json_agg(json_build_array(section, subsection, reserved, sold)), '[]')
        FROM (
            SELECT section, subsection,
                coalesce(sum(quantity) FILTER (WHERE status <> 'completed'), 0) AS reserved,
                coalesce(sum(quantity) FILTER (WHERE status = 'completed'), 0) AS sold
            FROM booking
            WHERE event_id = $1 AND status IN ('pending_payment', 'paid', 'completed')
            GROUP BY section, subsection
        ) AS held
    ) AS live,
    (
        SELECT coalesce(json_agg(DISTINCT jsonb_build_array(section, subsection)), '[]')
        FROM booking
        WHERE event_id = $1 AND command IS NOT NULL
    ) AS busy
FROM event
WHERE id = $1 AND status <> 'draft' AND NOT load_owed

-- name: taken_tickets_of
SELECT section, subsection, row_number, seat_number, status
FROM unnest($2::text[], $3::int[]) AS wanted (section, subsection)
JOIN ticket USING (section, subsection)
WHERE ticket.event_id = $1 AND ticket.status <> 'available'

-- name: request_load
UPDATE event SET load_owed = true WHERE id = $1 AND epoch = $2 AND NOT load_owed RETURNING id
