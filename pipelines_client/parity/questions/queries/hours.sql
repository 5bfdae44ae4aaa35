-- How many messages of each hour should each side have, and how many of them are lost?
-- Hours count from 1970; -1 means that no source knows when a message happened.
SELECT side, hour, sum(messages) AS messages, sum(lost) AS lost
FROM (
    SELECT side, hour, CASE WHEN side = 'segment' THEN in_segment ELSE in_customerio END AS messages, 0 AS lost
    FROM (
        SELECT hour, sum(in_segment) AS in_segment, sum(in_customerio) AS in_customerio
        FROM (
            SELECT CASE WHEN message_at_ms >= 0 THEN message_at_ms // 3600000 ELSE -1 END AS hour, in_segment, in_customerio
            FROM judged
        ) AS happened
        GROUP BY hour
    ) AS received
    CROSS JOIN (SELECT 'segment' AS side UNION ALL SELECT 'customerio') AS sides
    UNION ALL
    SELECT side, CASE WHEN message_at_ms >= 0 THEN message_at_ms // 3600000 ELSE -1 END, 1, 1
    FROM absences
    JOIN causes ON causes.cause = absences.cause
    WHERE is_loss = 1
) AS expected
GROUP BY side, hour
HAVING sum(messages) > 0
ORDER BY side, hour
