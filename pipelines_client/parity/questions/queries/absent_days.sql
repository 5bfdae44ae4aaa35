-- On which days does a side lack much for a reason that no source gives? Absences by side, UTC day and cause.
SELECT side, day, absences.cause, count(*) AS count
FROM absences
JOIN causes ON causes.cause = absences.cause
WHERE is_unexplained = 1
GROUP BY side, day, absences.cause
ORDER BY side, day, absences.cause
