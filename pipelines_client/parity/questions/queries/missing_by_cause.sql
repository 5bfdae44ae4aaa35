-- Why are messages missing? Counts by side, cause, the ledger's reason and type of call.
SELECT side, cause, coalesce(reason, '') AS reason, type, count(*) AS count
FROM absences
GROUP BY side, cause, coalesce(reason, ''), type
ORDER BY side, cause, reason, type
