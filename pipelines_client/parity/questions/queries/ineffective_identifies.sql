-- Who sends identify calls that take no effect? By writer, with how many people and traits; and once more for each trait
-- (`path`), with how many of the calls have it.
SELECT '' AS side, 'identify' AS event, 'identify' AS type, '' AS day, finding.count,
       max(place.message_id) AS message_id,
       max(CASE WHEN place.source = 'segment' THEN place.file END) AS segment_file,
       max(CASE WHEN place.source = 'segment' THEN place.line END) AS segment_line,
       max(CASE WHEN place.source = 'segment' THEN place.byte_offset END) AS segment_offset,
       max(CASE WHEN place.source = 'customerio' THEN place.file END) AS customerio_file,
       max(CASE WHEN place.source = 'customerio' THEN place.line END) AS customerio_line,
       max(CASE WHEN place.source = 'customerio' THEN place.byte_offset END) AS customerio_offset,
       finding.kind, finding.writer, finding.path, finding.people, finding.traits, finding.worst_ms
FROM (
    SELECT kind, writer, '' AS path, count(*) AS count, count(DISTINCT person) AS people, sum(traits) AS traits,
           max(worst_ms) AS worst_ms, min(message_key) AS message_key
    FROM edits_late
    GROUP BY kind, writer
    UNION ALL
    SELECT kind, writer, path, count(*), count(DISTINCT person), count(*), max(worst_ms), min(message_key)
    FROM (
        SELECT DISTINCT late.kind, late.writer, late.message_key, late.message_check, late.person, late.worst_ms, trait.path
        FROM edits_late AS late
        JOIN traits AS trait ON trait.message_key = late.message_key AND trait.message_check = late.message_check
    ) AS told
    GROUP BY kind, writer, path
) AS finding
JOIN places AS place ON place.message_key = finding.message_key
GROUP BY finding.kind, finding.writer, finding.path, finding.count, finding.people, finding.traits, finding.worst_ms,
         finding.message_key
ORDER BY finding.kind, finding.writer, finding.path
