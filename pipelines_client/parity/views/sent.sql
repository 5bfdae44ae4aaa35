-- Messages that were sent, according to the ledger: one row per message, with its outcome on each leg.
SELECT recorded.message_id, judged.type, ledger_event AS event, CAST(recorded.identity AS VARCHAR) AS person,
       message_at_ms AS happened_ms, judged.day, to_segment.outcome AS segment_outcome,
       to_customerio.outcome AS customerio_outcome
FROM judged
JOIN (
    SELECT message_key, message_check, max(message_id) AS message_id, max(identity) AS identity
    FROM records_last
    GROUP BY message_key, message_check
) AS recorded ON recorded.message_key = judged.message_key AND recorded.message_check = judged.message_check
LEFT JOIN words_known AS to_segment ON to_segment.words = segment_fate
LEFT JOIN words_known AS to_customerio ON to_customerio.words = customerio_fate
