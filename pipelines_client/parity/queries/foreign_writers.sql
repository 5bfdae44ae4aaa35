-- Who else writes? Messages of an export that the ledger never saw, by library and end of the write key, each once.
-- Segment's copy of a message speaks where there is one: only that export may name the write key.
SELECT found.side, found.event, found.type, found.day, found.library, found.write_key_suffix, found.count,
       found.message_id, judged.segment_file, judged.segment_line, judged.customerio_file, judged.customerio_line
FROM (
    SELECT CASE WHEN judged.in_segment = 1 AND judged.in_customerio = 1 THEN 'both' ELSE exported.source END AS side,
           judged.label AS event, judged.type, judged.day,
           coalesce(exported.library, '') AS library, coalesce(exported.write_key_suffix, '') AS write_key_suffix,
           count(*) AS count, min(judged.message_id) AS message_id
    FROM judged
    JOIN messages_exported AS exported
      ON exported.message_id = judged.message_id
         AND exported.source = CASE WHEN judged.in_segment = 1 THEN 'segment' ELSE 'customerio' END
    WHERE judged.has_ledger = 1 AND judged.in_ledger = 0
    GROUP BY CASE WHEN judged.in_segment = 1 AND judged.in_customerio = 1 THEN 'both' ELSE exported.source END,
             judged.label, judged.type, judged.day, coalesce(exported.library, ''),
             coalesce(exported.write_key_suffix, '')
) AS found
JOIN judged ON judged.message_id = found.message_id
ORDER BY found.side, found.library, found.write_key_suffix, found.event, found.type, found.day
