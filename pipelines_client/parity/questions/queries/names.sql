-- Which names do events have, on which days? One row per set of names and day, with one message that has them.
-- A message that only a warehouse has, without a name, is left out.
SELECT finding.ledger_event, finding.segment_event, finding.customerio_event, finding.day, finding.count,
       max(place.message_id) AS message_id,
       max(CASE WHEN place.source = 'segment' THEN place.file END) AS segment_file,
       max(CASE WHEN place.source = 'segment' THEN place.line END) AS segment_line,
       max(CASE WHEN place.source = 'segment' THEN place.byte_offset END) AS segment_offset,
       max(CASE WHEN place.source = 'customerio' THEN place.file END) AS customerio_file,
       max(CASE WHEN place.source = 'customerio' THEN place.line END) AS customerio_line,
       max(CASE WHEN place.source = 'customerio' THEN place.byte_offset END) AS customerio_offset
FROM (
    SELECT ledger_event, segment_event, customerio_event, day, sum(messages) AS count, min(message_key) AS message_key
    FROM tallies
    LEFT JOIN (SELECT words FROM words_known WHERE (is_reduced & 2) <> 0) AS nameless ON nameless.words = segment_words
    WHERE type = 'track' AND is_inside = 1 AND (nameless.words IS NULL OR in_ledger + in_customerio > 0)
    GROUP BY ledger_event, segment_event, customerio_event, day
) AS finding
JOIN places AS place ON place.message_key = finding.message_key
GROUP BY finding.ledger_event, finding.segment_event, finding.customerio_event, finding.day, finding.count,
         finding.message_key
ORDER BY finding.message_key
