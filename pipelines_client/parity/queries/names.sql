-- Which names do events go by, on which days? One row per set of names and day, with a message that bears them.
SELECT found.ledger_event, found.segment_event, found.customerio_event, found.day, found.count, found.message_id,
       judged.segment_file, judged.segment_line, judged.customerio_file, judged.customerio_line
FROM (
    SELECT ledger_event, segment_event, customerio_event, day, count(*) AS count, min(message_id) AS message_id
    FROM judged
    WHERE type = 'track'
    GROUP BY ledger_event, segment_event, customerio_event, day
) AS found
JOIN judged ON judged.message_id = found.message_id
ORDER BY found.message_id
