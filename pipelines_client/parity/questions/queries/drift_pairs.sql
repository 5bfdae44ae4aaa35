-- Which messages must be opened to see what differs? Each with the places of both lines, and whether it is wrong anyway.
SELECT max(place.message_id) AS message_id, type, label, day, in_ledger, segment_drift, customerio_drift, exports_drift,
       max(CASE WHEN place.source = 'segment' THEN place.file END) AS segment_file,
       max(CASE WHEN place.source = 'segment' THEN place.line END) AS segment_line,
       max(CASE WHEN place.source = 'segment' THEN place.byte_offset END) AS segment_offset,
       max(CASE WHEN place.source = 'segment' THEN place.byte_count END) AS segment_bytes,
       max(CASE WHEN place.source = 'customerio' THEN place.file END) AS customerio_file,
       max(CASE WHEN place.source = 'customerio' THEN place.line END) AS customerio_line,
       max(CASE WHEN place.source = 'customerio' THEN place.byte_offset END) AS customerio_offset,
       max(CASE WHEN place.source = 'customerio' THEN place.byte_count END) AS customerio_bytes,
       CASE WHEN differences > 1 OR is_missing > 0 THEN 1 ELSE 0 END AS is_faulty
FROM faulty
JOIN places AS place ON place.message_key = faulty.message_key AND place.message_check = faulty.message_check
WHERE is_drift = 1
GROUP BY faulty.message_key, faulty.message_check, type, label, day, in_ledger, segment_drift, customerio_drift,
         exports_drift, differences, is_missing
ORDER BY message_id
