-- What becomes owed to webhooks, in the transaction that changes what they are told of.

-- name: listening
-- Most sellers have none: this look is all that they pay.
SELECT event.id AS event_id, webhook.id AS webhook_id, webhook.event_types
FROM event
JOIN webhook ON webhook.seller_id = event.seller_id
WHERE event.id = ANY($1::bigint[]) AND webhook.is_active
ORDER BY webhook.id

-- name: owe
INSERT INTO webhook_delivery (webhook_id, type, booking_id, event_id, body)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::uuid[], $4::bigint[], $5::text[])

-- name: owe_sold_out
-- An event that is sold out, and again, while nobody has been told: once is enough.
INSERT INTO webhook_delivery (webhook_id, type, event_id, body)
SELECT owed.webhook_id, owed.type, owed.event_id, owed.body
FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[])
    AS owed (webhook_id, type, event_id, body)
WHERE NOT EXISTS (
    SELECT
    FROM webhook_delivery
    WHERE webhook_delivery.webhook_id = owed.webhook_id
      AND webhook_delivery.event_id = owed.event_id
      AND webhook_delivery.type = owed.type
      AND webhook_delivery.status = 'owed'
      AND webhook_delivery.booking_id IS NULL
      AND webhook_delivery.last_attempt_at IS NULL
)
