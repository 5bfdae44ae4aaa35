-- What did we record? One row per message of the ledger, with its fate on each leg.
SELECT message_id,
       max(type) AS type,
       max(event) AS event,
       max(identity) AS identity,
       max(occurred_at_ms) AS occurred_at_ms,
       max(day) AS day,
       min(appended_at_ms) AS appended_at_ms,
       max(payload_hash) AS payload_hash,
       max(CASE WHEN leg = 'segment' THEN outcome END) AS segment_outcome,
       max(CASE WHEN leg = 'segment' THEN reason END) AS segment_reason,
       max(CASE WHEN leg = 'segment' THEN finished_at_ms END) AS segment_finished_at_ms,
       max(CASE WHEN leg = 'customerio' THEN outcome END) AS customerio_outcome,
       max(CASE WHEN leg = 'customerio' THEN reason END) AS customerio_reason,
       max(CASE WHEN leg = 'customerio' THEN finished_at_ms END) AS customerio_finished_at_ms,
       sum(records - 1) AS repeats,
       sum(records) AS records
FROM records_last
GROUP BY message_id
