-- Which identify calls take no effect, or keep others from it? Those that were stamped in the future, those that are
-- older than one in the future, and those that are older than the newest edit of their person when they came.
-- The one to blame is the writer that stamped the future. Calls that came at the same time have no order.
SELECT edit.message_key, edit.message_check, edit.person, edit.traits,
       CASE WHEN ahead_ms > limit_ms THEN 'ahead' WHEN newer.is_ahead = 1 THEN 'behind' ELSE 'older' END AS kind,
       CASE WHEN ahead_ms <= limit_ms AND newer.is_ahead = 1 THEN newer.writer ELSE edit.writer END AS writer,
       CASE WHEN ahead_ms > limit_ms THEN ahead_ms ELSE newest_ms - edit.at_ms END AS worst_ms
FROM (
    SELECT ordered.*, at_ms - order_ms AS ahead_ms, skew_ms AS limit_ms
    FROM (
        SELECT edits_known.*,
               max(at_ms) OVER (PARTITION BY person ORDER BY order_ms RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
                   AS newest_ms
        FROM edits_known
        WHERE at_ms IS NOT NULL AND order_ms IS NOT NULL
    ) AS ordered
    CROSS JOIN settings
    WHERE at_ms - order_ms > skew_ms OR newest_ms - at_ms > 1000
) AS edit
JOIN judged ON judged.message_key = edit.message_key AND judged.message_check = edit.message_check
LEFT JOIN (
    SELECT person, at_ms, min(writer) AS writer, max(CASE WHEN at_ms - order_ms > skew_ms THEN 1 ELSE 0 END) AS is_ahead
    FROM edits_known
    CROSS JOIN settings
    WHERE at_ms IS NOT NULL AND order_ms IS NOT NULL
    GROUP BY person, at_ms
) AS newer ON newer.person = edit.person AND newer.at_ms = edit.newest_ms
