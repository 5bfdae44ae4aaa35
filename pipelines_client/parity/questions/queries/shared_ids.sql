-- Which ids stand for several calls? Messages by event and day, with the names that their calls have.
SELECT '' AS side, finding.event, finding.type, finding.day, finding.count, max(place.message_id) AS message_id,
       max(CASE WHEN place.source = 'segment' THEN place.file END) AS segment_file,
       max(CASE WHEN place.source = 'segment' THEN place.line END) AS segment_line,
       max(CASE WHEN place.source = 'segment' THEN place.byte_offset END) AS segment_offset,
       max(CASE WHEN place.source = 'customerio' THEN place.file END) AS customerio_file,
       max(CASE WHEN place.source = 'customerio' THEN place.line END) AS customerio_line,
       max(CASE WHEN place.source = 'customerio' THEN place.byte_offset END) AS customerio_offset,
       finding.first_label, finding.last_label
FROM (
    SELECT faulty.label AS event, faulty.type, faulty.day, shared.first_label, shared.last_label, count(*) AS count,
           min(faulty.message_key) AS message_key
    FROM faulty
    JOIN shared ON shared.message_key = faulty.message_key AND shared.message_check = faulty.message_check
    GROUP BY faulty.label, faulty.type, faulty.day, shared.first_label, shared.last_label
) AS finding
JOIN places AS place ON place.message_key = finding.message_key
GROUP BY finding.event, finding.type, finding.day, finding.count, finding.first_label, finding.last_label,
         finding.message_key
ORDER BY finding.event, finding.type, finding.day, finding.first_label, finding.last_label
