-- What would a replay send to a side, and where does the other side's copy lie? One row per message and side.
-- What waits in a spool will come, what was skipped is not meant to come, and what is too young may be there already.
-- What another writer sent to one side only is for its owner to say.
SELECT absences.message_id, absences.side, absences.cause, absences.type,
       coalesce(judged.ledger_event, judged.segment_event, judged.customerio_event) AS event,
       judged.message_at_ms,
       CASE WHEN absences.side = 'segment' AND judged.in_customerio = 1 THEN 'customerio'
            WHEN absences.side = 'customerio' AND judged.in_segment = 1 THEN 'segment' END AS copy_source,
       CASE WHEN absences.side = 'segment' THEN judged.customerio_file ELSE judged.segment_file END AS copy_file,
       CASE WHEN absences.side = 'segment' THEN judged.customerio_line ELSE judged.segment_line END AS copy_line,
       CASE WHEN absences.side = 'segment' THEN judged.customerio_offset ELSE judged.segment_offset END AS copy_offset,
       CASE WHEN absences.side = 'segment' THEN judged.customerio_bytes ELSE judged.segment_bytes END AS copy_bytes
FROM absences
JOIN judged ON judged.message_id = absences.message_id
WHERE absences.cause IN ('accepted_but_absent', 'rejected', 'dropped', 'unknown')
ORDER BY absences.side, absences.message_id
