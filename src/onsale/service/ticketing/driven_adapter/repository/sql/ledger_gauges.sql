-- What is open in the ledger, for metrics. Every part reads a partial index that holds what is open.

-- name: look
SELECT
    (SELECT count(*) FROM booking WHERE status = 'pending_payment') AS holds,
    (SELECT count(*) FROM event WHERE load_owed) AS owed_loads,
    (SELECT count(*) FROM event WHERE cancellation_owed) AS owed_cancellations

-- name: owed_commands
-- Whatever makes a command due changes the booking; sending it again does not.
SELECT
    command AS kind,
    count(*) AS count,
    extract(epoch FROM now() - min(updated_at))::float8 AS age_seconds
FROM booking
WHERE command IS NOT NULL
GROUP BY command

-- name: owed_money
SELECT 'payment' AS kind, count(*) AS count,
    extract(epoch FROM now() - min(created_at))::float8 AS age_seconds
FROM payment_attempt
WHERE status IN ('open', 'authorized')
UNION ALL
SELECT 'completion', count(*), extract(epoch FROM now() - min(paid_at))::float8
FROM booking
WHERE status = 'paid'
UNION ALL
SELECT 'refund', count(*), extract(epoch FROM now() - min(created_at))::float8
FROM payment_refund
WHERE status = 'owed'
