-- On which days is much absent at a side, without a word of the ledger on why?
SELECT side, day, cause, count(*) AS count
FROM absences
WHERE cause IN ('accepted_but_absent', 'unknown')
GROUP BY side, day, cause
ORDER BY side, day, cause
