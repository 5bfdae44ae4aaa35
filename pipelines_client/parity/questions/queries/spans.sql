-- Which time does each source cover? One row per source and UTC day, counted from 1970; -1 is before 1970 or unknown.
-- Rows without a time of receipt (`is_received` = 0) use the time of sending, or else of the event.
-- A ledger record from before 2026 comes from a wrong clock: no ledger is that old.
SELECT source, is_received, day_number, count(*) AS messages, min(known_at_ms) AS first_ms, max(known_at_ms) AS last_ms,
       min(CASE WHEN appended_at_ms >= 1767225600000 THEN appended_at_ms END) AS first_appended_ms,
       max(appended_at_ms) AS last_appended_ms,
       sum(CASE WHEN appended_at_ms < 1767225600000 THEN 1 ELSE 0 END) AS misdated,
       max(CASE WHEN known_at_ms % 1000 <> 0 THEN 1 ELSE 0 END) AS has_milliseconds
FROM (
    SELECT source, is_received, known_at_ms, appended_at_ms,
           CASE WHEN known_at_ms >= 0 THEN known_at_ms // 86400000 ELSE -1 END AS day_number
    FROM (
        SELECT source, CASE WHEN received_at_ms IS NULL THEN 0 ELSE 1 END AS is_received,
               coalesce(received_at_ms, sent_at_ms, occurred_at_ms) AS known_at_ms, appended_at_ms
        FROM facts
    ) AS placed
) AS dated
GROUP BY source, is_received, day_number
ORDER BY source, is_received, day_number
