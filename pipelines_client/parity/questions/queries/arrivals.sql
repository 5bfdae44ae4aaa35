-- When did each message reach each side? One row per message and side that has it.
-- `accepted_at_ms` is when the API answered, according to the ledger; without it only the time of sending is known. The
-- order of sending is the ledger's for messages that it has, else the order in which they happened.
SELECT message_key, 'segment' AS side, judged.type, judged.label, judged.day, in_ledger, segment_person AS person,
       segment_received_at_ms AS received_at_ms, segment_sent_at_ms AS sent_at_ms, appended_at_ms,
       CASE WHEN fate.outcome = 'accepted' THEN segment_finished_at_ms END AS accepted_at_ms,
       CASE WHEN in_ledger = 1 THEN appended_at_ms ELSE message_at_ms END AS order_ms,
       segment_allowance_ms AS allowance_ms, slow_ms, skew_ms
FROM judged
LEFT JOIN words_known AS fate ON fate.words = judged.segment_fate
WHERE in_segment = 1 AND segment_received_at_ms IS NOT NULL
UNION ALL
SELECT message_key, 'customerio', judged.type, judged.label, judged.day, in_ledger, customerio_person,
       customerio_received_at_ms, customerio_sent_at_ms, appended_at_ms,
       CASE WHEN fate.outcome = 'accepted' THEN customerio_finished_at_ms END,
       CASE WHEN in_ledger = 1 THEN appended_at_ms ELSE message_at_ms END,
       customerio_allowance_ms, slow_ms, skew_ms
FROM judged
LEFT JOIN words_known AS fate ON fate.words = judged.customerio_fate
WHERE in_customerio = 1 AND customerio_received_at_ms IS NOT NULL
