-- Events as sellers make and change them.

-- name: insert_event
INSERT INTO event (
    seller_id, name, description, venue_name, seating_config, is_active, starts_at, on_sale_at,
    currency, hold_seconds, max_tickets_per_booking, max_tickets_per_buyer, leave_no_single_seats
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
RETURNING
    id, seller_id, name, description, venue_name, seating_config, is_active, starts_at, on_sale_at,
    currency, hold_seconds, max_tickets_per_booking, max_tickets_per_buyer, leave_no_single_seats,
    status, epoch, created_at

-- name: change_event
-- Of each pair of parameters the first tells whether the second is to be taken.
UPDATE event
SET name = CASE WHEN $2 THEN $3::varchar ELSE name END,
    description = CASE WHEN $4 THEN $5::text ELSE description END,
    venue_name = CASE WHEN $6 THEN $7::varchar ELSE venue_name END,
    is_active = CASE WHEN $8 THEN $9::boolean ELSE is_active END,
    on_sale_at = CASE WHEN $10 THEN $11::timestamptz ELSE on_sale_at END,
    max_tickets_per_buyer = CASE WHEN $12 THEN $13::int ELSE max_tickets_per_buyer END,
    leave_no_single_seats = CASE WHEN $14 THEN $15::boolean ELSE leave_no_single_seats END,
    starts_at = CASE WHEN $16 THEN $17::timestamptz ELSE starts_at END,
    updated_at = now()
WHERE id = $1 AND status <> 'cancelled'
RETURNING
    id, seller_id, name, description, venue_name, seating_config, is_active, starts_at, on_sale_at,
    currency, hold_seconds, max_tickets_per_booking, max_tickets_per_buyer, leave_no_single_seats,
    status, epoch, created_at

-- name: cancel_event
UPDATE event
SET status = 'cancelled', cancelled_at = now(), cancellation_owed = true, updated_at = now()
WHERE id = $1 AND status <> 'cancelled'
RETURNING
    id, seller_id, name, description, venue_name, seating_config, is_active, starts_at, on_sale_at,
    currency, hold_seconds, max_tickets_per_booking, max_tickets_per_buyer, leave_no_single_seats,
    status, epoch, created_at
