-- Do the sources hold the same payloads under other ids? Some payloads, each with the id of the one message that a source
-- has with it; null where a source has none or several.
SELECT CASE WHEN min(ledger_id) = max(ledger_id) THEN max(ledger_id) END AS ledger_id,
       CASE WHEN min(segment_id) = max(segment_id) THEN max(segment_id) END AS segment_id,
       CASE WHEN min(customerio_id) = max(customerio_id) THEN max(customerio_id) END AS customerio_id
FROM (
    SELECT payload_hash, CASE WHEN source = 'ledger' THEN message_id END AS ledger_id,
           CASE WHEN source = 'segment' THEN message_id END AS segment_id,
           CASE WHEN source = 'customerio' THEN message_id END AS customerio_id
    FROM facts
    CROSS JOIN (SELECT 1 + count(*) // 20000 AS step FROM facts) AS size
    WHERE payload_hash % step = 0
) AS sampled
GROUP BY payload_hash
ORDER BY payload_hash
LIMIT 5000
