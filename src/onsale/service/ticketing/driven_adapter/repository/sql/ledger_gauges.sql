-- What is open in the ledger, for metrics. Every part reads a partial index that holds what is open;
-- of its archive it reads what PostgreSQL counts itself.

-- name: look
SELECT
    (SELECT count(*) FROM booking WHERE status = 'pending_payment') AS holds,
    (SELECT count(*) FROM event WHERE load_owed) AS owed_loads,
    (SELECT count(*) FROM event WHERE cancellation_owed) AS owed_cancellations,
    -- Failures of before archiving was switched off are still counted, and are nothing now.
    (
        SELECT extract(epoch FROM now() - coalesce(last_archived_time, stats_reset))::float8
        FROM pg_stat_archiver
        WHERE current_setting('archive_mode') <> 'off'
            AND last_failed_time > coalesce(last_archived_time, '-infinity')
    ) AS archive_failing_seconds

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
