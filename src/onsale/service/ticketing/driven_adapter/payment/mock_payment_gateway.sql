-- The books of the mock gateway. A key is entered once; its row's lock orders all that follows.

-- name: enter
INSERT INTO mock_gateway_charge (key, state, behaviour, amount, currency, decline_reason)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING

-- name: enter_voided
INSERT INTO mock_gateway_charge (key, state) VALUES ($1, 'voided') ON CONFLICT DO NOTHING

-- name: lock
SELECT state, payment_id, decline_reason FROM mock_gateway_charge WHERE key = $1 FOR UPDATE

-- name: behaviour
SELECT behaviour FROM mock_gateway_charge WHERE key = $1

-- name: take
INSERT INTO mock_gateway_payment (payment_id, key, amount)
SELECT $2, key, amount FROM mock_gateway_charge WHERE key = $1

-- name: close_captured
UPDATE mock_gateway_charge SET state = 'captured', payment_id = $2 WHERE key = $1

-- name: decline
UPDATE mock_gateway_charge SET state = 'declined', decline_reason = $2 WHERE key = $1

-- name: void
UPDATE mock_gateway_charge SET state = 'voided' WHERE key = $1

-- name: refund
INSERT INTO mock_gateway_refund (key, payment_id, amount)
SELECT $1, payment_id, amount
FROM mock_gateway_payment
WHERE payment_id = $2 AND amount = $3
ON CONFLICT DO NOTHING

-- name: read_refund
SELECT payment_id, amount FROM mock_gateway_refund WHERE key = $1

-- name: payments_since
SELECT payment_id, key, amount, taken_at
FROM mock_gateway_payment
WHERE (taken_at, payment_id) > ($1, $2)
ORDER BY taken_at, payment_id
LIMIT $3
