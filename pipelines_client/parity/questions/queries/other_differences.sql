-- Which messages differ in their call type, time or context? Counts by dimension, side, event and day, with the type of
-- the call in each source. The side is the one that differs from the ledger; empty if both do, or without a ledger.
SELECT finding.side, finding.event, finding.type, finding.day, finding.count, max(place.message_id) AS message_id,
       max(CASE WHEN place.source = 'segment' THEN place.file END) AS segment_file,
       max(CASE WHEN place.source = 'segment' THEN place.line END) AS segment_line,
       max(CASE WHEN place.source = 'segment' THEN place.byte_offset END) AS segment_offset,
       max(CASE WHEN place.source = 'customerio' THEN place.file END) AS customerio_file,
       max(CASE WHEN place.source = 'customerio' THEN place.line END) AS customerio_line,
       max(CASE WHEN place.source = 'customerio' THEN place.byte_offset END) AS customerio_offset,
       finding.dimension, finding.ledger_type, finding.segment_type, finding.customerio_type
FROM (
    SELECT dimension, side, label AS event, type, day, ledger_type, segment_type, customerio_type, count(*) AS count,
           min(message_key) AS message_key
    FROM (
        SELECT dimension, faulty.label, faulty.type, faulty.day, message_key, l.type AS ledger_type, s.type AS segment_type,
               c.type AS customerio_type,
               CASE WHEN (segment_differences & bit) <> 0 AND (customerio_differences & bit) = 0 THEN 'segment'
                    WHEN (customerio_differences & bit) <> 0 AND (segment_differences & bit) = 0 THEN 'customerio'
                    ELSE '' END AS side
        FROM faulty
        CROSS JOIN (
            SELECT 'call_type' AS dimension, 512 AS bit UNION ALL SELECT 'time', 128 UNION ALL SELECT 'context', 256
        ) AS dimensions
        LEFT JOIN words_known AS l ON l.words = faulty.ledger_words
        LEFT JOIN words_known AS s ON s.words = faulty.segment_words
        LEFT JOIN words_known AS c ON c.words = faulty.customerio_words
        WHERE (differences & bit) <> 0
    ) AS differing
    GROUP BY dimension, side, label, type, day, ledger_type, segment_type, customerio_type
) AS finding
JOIN places AS place ON place.message_key = finding.message_key
GROUP BY finding.dimension, finding.side, finding.event, finding.type, finding.day, finding.count, finding.ledger_type,
         finding.segment_type, finding.customerio_type, finding.message_key
ORDER BY finding.dimension, finding.side, finding.event, finding.type, finding.day, finding.ledger_type,
         finding.segment_type, finding.customerio_type
