-- Which copies of a message have another payload or name than its first copy? Counts by side, event and day.
-- Copies that are another call are among `shared_ids`.
SELECT finding.side, finding.event, finding.type, finding.day, finding.count, max(place.message_id) AS message_id,
       max(CASE WHEN place.source = 'segment' THEN place.file END) AS segment_file,
       max(CASE WHEN place.source = 'segment' THEN place.line END) AS segment_line,
       max(CASE WHEN place.source = 'segment' THEN place.byte_offset END) AS segment_offset,
       max(CASE WHEN place.source = 'customerio' THEN place.file END) AS customerio_file,
       max(CASE WHEN place.source = 'customerio' THEN place.line END) AS customerio_line,
       max(CASE WHEN place.source = 'customerio' THEN place.byte_offset END) AS customerio_offset
FROM (
    SELECT copy.source AS side, repeating.label AS event, repeating.type, repeating.day, count(*) AS count,
           min(copy.message_key) AS message_key
    FROM facts AS copy
    JOIN (
        SELECT exported.message_key, exported.message_check, exported.source AS side, faulty.label, faulty.type, faulty.day,
               exported.payload_hash AS first_hash, known.type AS first_type, known.event AS first_event
        FROM messages_exported AS exported
        JOIN words_known AS known ON known.words = exported.words
        JOIN faulty ON faulty.message_key = exported.message_key AND faulty.message_check = exported.message_check
        WHERE exported.copies > 1 AND faulty.is_shared = 0
    ) AS repeating
      ON repeating.message_key = copy.message_key AND repeating.message_check = copy.message_check AND repeating.side = copy.source
    JOIN words_known AS said ON said.words = copy.words
    WHERE copy.payload_hash IS DISTINCT FROM repeating.first_hash OR said.type <> repeating.first_type
       OR said.event IS DISTINCT FROM repeating.first_event
    GROUP BY copy.source, repeating.label, repeating.type, repeating.day
) AS finding
JOIN places AS place ON place.message_key = finding.message_key
GROUP BY finding.side, finding.event, finding.type, finding.day, finding.count, finding.message_key
ORDER BY finding.side, finding.event, finding.type, finding.day
