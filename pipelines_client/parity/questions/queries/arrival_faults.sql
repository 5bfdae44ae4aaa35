-- What arrived before it was sent, late, or slowly? The rows of `arrivals_faulty`, with the places of a message.
SELECT finding.side, finding.event, finding.type, finding.day, finding.count, max(place.message_id) AS message_id,
       max(CASE WHEN place.source = 'segment' THEN place.file END) AS segment_file,
       max(CASE WHEN place.source = 'segment' THEN place.line END) AS segment_line,
       max(CASE WHEN place.source = 'segment' THEN place.byte_offset END) AS segment_offset,
       max(CASE WHEN place.source = 'customerio' THEN place.file END) AS customerio_file,
       max(CASE WHEN place.source = 'customerio' THEN place.line END) AS customerio_line,
       max(CASE WHEN place.source = 'customerio' THEN place.byte_offset END) AS customerio_offset,
       finding.kind, finding.worst_ms
FROM arrivals_faulty AS finding
JOIN places AS place ON place.message_key = finding.message_key
GROUP BY finding.kind, finding.side, finding.event, finding.type, finding.day, finding.count, finding.worst_ms,
         finding.message_key
ORDER BY finding.kind, finding.side, finding.event, finding.type, finding.day
