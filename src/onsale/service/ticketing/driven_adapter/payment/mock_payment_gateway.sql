-- The books of the mock gateway.

-- name: enter
INSERT INTO mock_gateway_charge (key, payment_id, decline_reason)
VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING

-- name: read
SELECT payment_id, decline_reason FROM mock_gateway_charge WHERE key = $1
