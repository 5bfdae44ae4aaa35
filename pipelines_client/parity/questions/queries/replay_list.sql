-- What should a replay send to a side, and where is the other side's copy? One row per message and side.
-- Left out: what waits in a spool, what was skipped on purpose, what is too young, what another writer sent, and what only
-- one of two unrelated sources has.
SELECT max(place.message_id) AS message_id, absent.side, absent.cause, absent.type, absent.event, absent.message_at_ms,
       absent.finished_at_ms, absent.copy_source,
       max(CASE WHEN place.source = absent.copy_source THEN place.file END) AS copy_file,
       max(CASE WHEN place.source = absent.copy_source THEN place.line END) AS copy_line,
       max(CASE WHEN place.source = absent.copy_source THEN place.byte_offset END) AS copy_offset,
       max(CASE WHEN place.source = absent.copy_source THEN place.byte_count END) AS copy_bytes,
       absent.origin, absent.library, absent.write_key_suffix
FROM (
    SELECT absences.message_key, absences.message_check, absences.side, absences.cause, absences.type,
           coalesce(judged.ledger_event, judged.segment_event, judged.customerio_event) AS event, judged.message_at_ms,
           CASE WHEN absences.side = 'segment' THEN judged.segment_finished_at_ms
                ELSE judged.customerio_finished_at_ms END AS finished_at_ms,
           CASE WHEN absences.side = 'segment' AND judged.in_customerio = 1 THEN 'customerio'
                WHEN absences.side = 'customerio' AND judged.in_segment = 1 THEN 'segment' END AS copy_source,
           writer.origin, writer.library, writer.write_key_suffix
    FROM absences
    JOIN judged ON judged.message_key = absences.message_key AND judged.message_check = absences.message_check
    JOIN causes ON causes.cause = absences.cause
    LEFT JOIN words_known AS writer ON writer.words = absences.copy_words
    WHERE causes.is_replayed = 1
) AS absent
JOIN places AS place ON place.message_key = absent.message_key AND place.message_check = absent.message_check
GROUP BY absent.message_key, absent.message_check, absent.side, absent.cause, absent.type, absent.event,
         absent.message_at_ms, absent.finished_at_ms, absent.copy_source, absent.origin, absent.library, absent.write_key_suffix
ORDER BY absent.side, message_id
