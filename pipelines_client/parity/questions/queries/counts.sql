-- What did the sources without ids count? One row per source, event and day.
SELECT source, event, type, day, sum(count) AS count
FROM counts
GROUP BY source, event, type, day
ORDER BY source, event, type, day
