-- What does each side have? Messages by type of call and slot of time, with the first and the last instant in it.
-- The instant is as in `lacking`, so that what is there and what is not there have one clock.
SELECT side, type, place_ms // slot_ms AS slot, count(*) AS count, min(place_ms) AS first_ms, max(place_ms) AS last_ms
FROM (
    SELECT 'segment' AS side, type,
           coalesce(segment_finished_at_ms, appended_at_ms, customerio_received_at_ms, customerio_sent_at_ms,
                    segment_received_at_ms, segment_sent_at_ms, message_at_ms) AS place_ms
    FROM judged
    WHERE in_segment = 1
    UNION ALL
    SELECT 'customerio', type,
           coalesce(customerio_finished_at_ms, appended_at_ms, segment_received_at_ms, segment_sent_at_ms,
                    customerio_received_at_ms, customerio_sent_at_ms, message_at_ms)
    FROM judged
    WHERE in_customerio = 1
) AS received
CROSS JOIN (SELECT slot_ms FROM settings) AS slots
WHERE place_ms >= 0
GROUP BY side, type, place_ms // slot_ms
ORDER BY side, type, slot
