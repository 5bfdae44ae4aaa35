-- Which absences are alike? Messages that a side lacks, by event, day, hour (as in `hours`), the cause at each side, and
-- the writer as the other export names it. A cause is empty at a side that lacks nothing.
SELECT event, type, day, hour, segment_cause, segment_reason, customerio_cause, customerio_reason, is_faulty,
       origin, library, write_key_suffix, count(*) AS count
FROM (
    SELECT label AS event, type, day,
           CASE WHEN message_at_ms >= 0 THEN message_at_ms // 3600000 ELSE -1 END AS hour,
           coalesce(max(CASE WHEN side = 'segment' THEN cause END), '') AS segment_cause,
           coalesce(max(CASE WHEN side = 'segment' THEN reason END), '') AS segment_reason,
           coalesce(max(CASE WHEN side = 'customerio' THEN cause END), '') AS customerio_cause,
           coalesce(max(CASE WHEN side = 'customerio' THEN reason END), '') AS customerio_reason,
           is_wrong AS is_faulty, max(copy_words) AS words
    FROM absences
    GROUP BY message_key, message_check, label, type, day, message_at_ms, is_wrong
) AS absent
LEFT JOIN (SELECT words, origin, library, write_key_suffix FROM words_known) AS writer ON writer.words = absent.words
GROUP BY event, type, day, hour, segment_cause, segment_reason, customerio_cause, customerio_reason, is_faulty,
         origin, library, write_key_suffix
ORDER BY event, type, day, hour, segment_cause, segment_reason, customerio_cause, customerio_reason, is_faulty,
         origin, library, write_key_suffix
