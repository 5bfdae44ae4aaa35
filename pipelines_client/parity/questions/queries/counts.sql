-- What did the sources count that keep no ids? One row per source, event and day.
SELECT source, event, type, day, sum(count) AS count
FROM counts
GROUP BY source, event, type, day
ORDER BY source, event, type, day
