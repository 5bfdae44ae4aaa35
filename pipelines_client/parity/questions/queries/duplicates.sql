-- What arrived more than once? Surplus copies by side and event.
SELECT side, label AS event, type, count(*) AS messages, sum(copies - 1) AS count
FROM (
    SELECT 'segment' AS side, label, type, segment_rows AS copies FROM faulty WHERE segment_rows > 1
    UNION ALL
    SELECT 'customerio', label, type, customerio_rows FROM faulty WHERE customerio_rows > 1
) AS repeating
GROUP BY side, label, type
ORDER BY count DESC, side, event, type
