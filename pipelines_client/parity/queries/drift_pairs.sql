-- Which messages must be opened to say what differs? With where both lines are.
SELECT message_id, type, label, day, in_ledger, segment_drift, customerio_drift, exports_drift,
       segment_file, segment_line, segment_offset, segment_bytes,
       customerio_file, customerio_line, customerio_offset, customerio_bytes
FROM judged
WHERE is_drift = 1
ORDER BY message_id
