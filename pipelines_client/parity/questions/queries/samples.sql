-- Which messages show a finding? A few of each kind, side and cause, with the places of their lines. The writer of one that
-- a side lacks is as the other export names it.
SELECT finding.kind, finding.side, finding.cause, finding.reason, max(place.message_id) AS message_id, finding.type,
       finding.event, finding.day,
       max(CASE WHEN place.source = 'segment' THEN place.file END) AS segment_file,
       max(CASE WHEN place.source = 'segment' THEN place.line END) AS segment_line,
       max(CASE WHEN place.source = 'segment' THEN place.byte_offset END) AS segment_offset,
       max(CASE WHEN place.source = 'customerio' THEN place.file END) AS customerio_file,
       max(CASE WHEN place.source = 'customerio' THEN place.line END) AS customerio_line,
       max(CASE WHEN place.source = 'customerio' THEN place.byte_offset END) AS customerio_offset,
       writer.origin, writer.library, writer.write_key_suffix
FROM (
    SELECT classed.*,
           row_number() OVER (PARTITION BY kind, side, cause ORDER BY message_key) AS number
    FROM (
        SELECT 'missing' AS kind, side, cause, coalesce(reason, '') AS reason, message_key, message_check, type,
               label AS event, day, copy_words AS words
        FROM absences
        UNION ALL
        SELECT 'duplicate', 'segment', '', '', message_key, message_check, type, label, day, 0
        FROM faulty WHERE segment_rows > 1
        UNION ALL
        SELECT 'duplicate', 'customerio', '', '', message_key, message_check, type, label, day, 0
        FROM faulty WHERE customerio_rows > 1
        UNION ALL
        SELECT 'identity', '', '', '', message_key, message_check, type, label, day, 0
        FROM faulty WHERE is_identity = 1
        UNION ALL
        SELECT 'renamed', '', '', '', message_key, message_check, type, label, day, 0
        FROM faulty WHERE is_renamed = 1
    ) AS classed
) AS finding
LEFT JOIN (SELECT words, origin, library, write_key_suffix FROM words_known) AS writer ON writer.words = finding.words
JOIN places AS place ON place.message_key = finding.message_key AND place.message_check = finding.message_check
WHERE finding.number <= 3
GROUP BY finding.kind, finding.side, finding.cause, finding.reason, finding.type, finding.event, finding.day,
         finding.message_key, finding.message_check, writer.origin, writer.library, writer.write_key_suffix
ORDER BY finding.kind, finding.side, finding.cause, message_id
