-- Messages that each side received: one row per message and side.
SELECT held.source AS side, held.message_id, judged.type,
       CASE WHEN held.source = 'segment' THEN segment_event ELSE customerio_event END AS event,
       CAST(held.identity AS VARCHAR) AS person, message_at_ms AS happened_ms, held.received_at_ms AS received_ms, judged.day
FROM judged
JOIN messages_exported AS held ON held.message_key = judged.message_key AND held.message_check = judged.message_check
