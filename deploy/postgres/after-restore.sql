-- After a restore to a point in time, before any role is started: docs/backup.md.
--
-- Ids that were given out after the point are not given out again: sessions, links and ticket codes
-- that name them stay with nobody, in place of with somebody else.
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, coalesce(last_value, 0) + 1000000)
FROM pg_sequences
WHERE schemaname = 'public';
