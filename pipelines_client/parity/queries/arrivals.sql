-- When did each message reach each side? One row per message and side that has it.
-- `accepted_at_ms` is when the API answered, as the ledger has it; else only when the request left is known. The order
-- in which messages were sent is the ledger's where it knows them, else the order in which they happened.
SELECT message_id, 'segment' AS side, type, label, day, in_ledger, segment_identity AS identity,
       segment_received_at_ms AS received_at_ms, segment_sent_at_ms AS sent_at_ms, appended_at_ms,
       CASE WHEN segment_outcome = 'accepted' THEN segment_finished_at_ms END AS accepted_at_ms,
       CASE WHEN in_ledger = 1 THEN appended_at_ms ELSE message_at_ms END AS order_ms,
       segment_allowance_ms AS allowance_ms, slow_ms, skew_ms
FROM messages
WHERE in_segment = 1 AND segment_received_at_ms IS NOT NULL
UNION ALL
SELECT message_id, 'customerio', type, label, day, in_ledger, customerio_identity,
       customerio_received_at_ms, customerio_sent_at_ms, appended_at_ms,
       CASE WHEN customerio_outcome = 'accepted' THEN customerio_finished_at_ms END,
       CASE WHEN in_ledger = 1 THEN appended_at_ms ELSE message_at_ms END,
       customerio_allowance_ms, slow_ms, skew_ms
FROM messages
WHERE in_customerio = 1 AND customerio_received_at_ms IS NOT NULL
