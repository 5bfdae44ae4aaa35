-- What did we record? One row per message of the ledger, with the words that hold its fate on each leg.
SELECT message_key, message_check,
       coalesce(max(CASE WHEN leg = 'segment' THEN words END), max(CASE WHEN leg = 'customerio' THEN words END), max(words))
           AS words,
       max(CASE WHEN leg = 'segment' THEN words END) AS segment_fate,
       max(CASE WHEN leg = 'customerio' THEN words END) AS customerio_fate,
       max(identity) AS identity,
       max(payload_hash) AS payload_hash,
       max(CASE WHEN leg = 'customerio' THEN cured_hash END) AS cured_hash,
       max(occurred_at_ms) AS occurred_at_ms,
       min(appended_at_ms) AS appended_at_ms,
       max(CASE WHEN leg = 'segment' THEN finished_at_ms END) AS segment_finished_at_ms,
       max(CASE WHEN leg = 'customerio' THEN finished_at_ms END) AS customerio_finished_at_ms,
       sum(records - 1) AS repeats,
       sum(records) AS records
FROM records_last
GROUP BY message_key, message_check
