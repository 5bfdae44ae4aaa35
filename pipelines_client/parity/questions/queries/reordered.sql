-- Which tracks reached a side before the first identify of their person? `arrivals_reordered`, with the places of one.
SELECT found.side, found.event, found.type, found.day, found.count, found.worst_ms, max(place.message_id) AS message_id,
       max(CASE WHEN place.source = 'segment' THEN place.file END) AS segment_file,
       max(CASE WHEN place.source = 'segment' THEN place.line END) AS segment_line,
       max(CASE WHEN place.source = 'segment' THEN place.byte_offset END) AS segment_offset,
       max(CASE WHEN place.source = 'customerio' THEN place.file END) AS customerio_file,
       max(CASE WHEN place.source = 'customerio' THEN place.line END) AS customerio_line,
       max(CASE WHEN place.source = 'customerio' THEN place.byte_offset END) AS customerio_offset
FROM arrivals_reordered AS found
JOIN places AS place ON place.message_key = found.message_key
GROUP BY found.side, found.event, found.type, found.day, found.count, found.worst_ms, found.message_key
ORDER BY found.side, found.event, found.type, found.day
