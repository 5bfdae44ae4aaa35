-- From when to when does each source speak?
SELECT source, count(*) AS rows_read, min(received_at_ms) AS first_received_ms, max(received_at_ms) AS last_received_ms,
       min(appended_at_ms) AS first_appended_ms, max(appended_at_ms) AS last_appended_ms,
       max(CASE WHEN received_at_ms % 1000 <> 0 THEN 1 ELSE 0 END) AS has_milliseconds
FROM facts
GROUP BY source
ORDER BY source
