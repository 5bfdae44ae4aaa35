-- Which messages must be shown one by one? Those that differ, are another person's, bear another name or came twice.
SELECT message_key, message_check, type, label, day, in_ledger, segment_rows, customerio_rows,
       segment_drift, customerio_drift, exports_drift, segment_identity, customerio_identity, is_drift, is_identity, is_renamed
FROM judged
WHERE is_drift + is_identity + is_renamed > 0 OR segment_rows > 1 OR customerio_rows > 1
