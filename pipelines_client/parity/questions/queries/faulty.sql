-- Which messages must be shown one by one? Those that differ in anything, and those with copies.
-- `is_missing` is 1 if a side also lacks the message for a cause that counts as loss.
SELECT judged.message_key, judged.message_check, ledger_words, segment_words, customerio_words, type, label, day,
       in_ledger, segment_rows, customerio_rows,
       segment_drift, customerio_drift, exports_drift, segment_identity, customerio_identity,
       is_drift, is_identity, is_renamed, is_shared, segment_differences, customerio_differences, differences,
       CASE WHEN absent.message_key IS NULL THEN 0 ELSE 1 END AS is_missing
FROM judged
LEFT JOIN (
    SELECT DISTINCT message_key, message_check
    FROM absences
    JOIN causes ON causes.cause = absences.cause
    WHERE is_loss = 1
) AS absent ON absent.message_key = judged.message_key AND absent.message_check = judged.message_check
WHERE differences <> 0 OR is_shared = 1 OR segment_rows > 1 OR customerio_rows > 1
