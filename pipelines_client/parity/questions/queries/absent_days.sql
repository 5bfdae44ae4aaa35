-- On which days does a side lack what a gap in its evidence may hide? Absences by side, UTC day and cause.
SELECT side, day, absences.cause, count(*) AS count
FROM absences
JOIN causes ON causes.cause = absences.cause
WHERE is_unexplained = 1 AND is_loss = 0
GROUP BY side, day, absences.cause
ORDER BY side, day, absences.cause
