-- Which messages show a finding? A few of each kind, side and cause, with the places of their lines.
SELECT finding.kind, finding.side, finding.cause, finding.reason, max(place.message_id) AS message_id, finding.type,
       finding.event, finding.day,
       max(CASE WHEN place.source = 'segment' THEN place.file END) AS segment_file,
       max(CASE WHEN place.source = 'segment' THEN place.line END) AS segment_line,
       max(CASE WHEN place.source = 'segment' THEN place.byte_offset END) AS segment_offset,
       max(CASE WHEN place.source = 'customerio' THEN place.file END) AS customerio_file,
       max(CASE WHEN place.source = 'customerio' THEN place.line END) AS customerio_line,
       max(CASE WHEN place.source = 'customerio' THEN place.byte_offset END) AS customerio_offset
FROM (
    SELECT classed.*,
           row_number() OVER (PARTITION BY kind, side, cause ORDER BY message_key) AS number
    FROM (
        SELECT 'missing' AS kind, side, cause, coalesce(reason, '') AS reason, message_key, message_check, type,
               label AS event, day
        FROM absences
        UNION ALL
        SELECT 'duplicate', 'segment', '', '', message_key, message_check, type, label, day
        FROM faulty WHERE segment_rows > 1
        UNION ALL
        SELECT 'duplicate', 'customerio', '', '', message_key, message_check, type, label, day
        FROM faulty WHERE customerio_rows > 1
        UNION ALL
        SELECT 'identity', '', '', '', message_key, message_check, type, label, day
        FROM faulty WHERE is_identity = 1
        UNION ALL
        SELECT 'renamed', '', '', '', message_key, message_check, type, label, day
        FROM faulty WHERE is_renamed = 1
    ) AS classed
) AS finding
JOIN places AS place ON place.message_key = finding.message_key AND place.message_check = finding.message_check
WHERE finding.number <= 3
GROUP BY finding.kind, finding.side, finding.cause, finding.reason, finding.type, finding.event, finding.day,
         finding.message_key,
         finding.message_check
ORDER BY finding.kind, finding.side, finding.cause, message_id
