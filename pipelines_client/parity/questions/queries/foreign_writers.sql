-- Who else writes? Messages of an export that are not in the ledger, by library and end of the write key, each once.
-- The library is that of Segment's copy if there is one: only that export may name the write key.
SELECT finding.side, finding.event, finding.type, finding.day, finding.count, max(place.message_id) AS message_id,
       max(CASE WHEN place.source = 'segment' THEN place.file END) AS segment_file,
       max(CASE WHEN place.source = 'segment' THEN place.line END) AS segment_line,
       max(CASE WHEN place.source = 'segment' THEN place.byte_offset END) AS segment_offset,
       max(CASE WHEN place.source = 'customerio' THEN place.file END) AS customerio_file,
       max(CASE WHEN place.source = 'customerio' THEN place.line END) AS customerio_line,
       max(CASE WHEN place.source = 'customerio' THEN place.byte_offset END) AS customerio_offset,
       finding.library, finding.write_key_suffix
FROM (
    SELECT CASE WHEN in_segment = 0 THEN 'customerio' WHEN in_customerio = 0 THEN 'segment' ELSE 'both' END AS side,
           tallies.label AS event, tallies.type, tallies.day,
           coalesce(known.library, '') AS library, coalesce(known.write_key_suffix, '') AS write_key_suffix,
           sum(messages) AS count, min(message_key) AS message_key
    FROM tallies
    CROSS JOIN settings
    JOIN words_known AS known ON known.words = CASE WHEN in_segment = 1 THEN segment_words ELSE customerio_words END
    WHERE has_ledger = 1 AND in_ledger = 0 AND is_inside = 1
    GROUP BY CASE WHEN in_segment = 0 THEN 'customerio' WHEN in_customerio = 0 THEN 'segment' ELSE 'both' END,
             tallies.label, tallies.type, tallies.day, coalesce(known.library, ''), coalesce(known.write_key_suffix, '')
) AS finding
JOIN places AS place ON place.message_key = finding.message_key
GROUP BY finding.side, finding.event, finding.type, finding.day, finding.library, finding.write_key_suffix, finding.count,
         finding.message_key
ORDER BY finding.side, finding.library, finding.write_key_suffix, finding.event, finding.type, finding.day
