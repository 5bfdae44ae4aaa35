-- What arrived before it was sent, late, or slowly? Counts by side, event and day, each with one message.
-- A message has one of the three kinds at a side. If the clocks disagree, no lag means anything; and what the vendor
-- held back after its answer is late, not slow.
SELECT kind, side, label AS event, type, day, count(*) AS count, max(worst_ms) AS worst_ms,
       min(message_key) AS message_key
FROM (
    SELECT side, label, type, day, message_key,
           CASE WHEN sent_at_ms - received_at_ms > skew_ms THEN 'clock_skew'
                WHEN received_at_ms - coalesce(accepted_at_ms, sent_at_ms) > allowance_ms THEN 'late'
                WHEN received_at_ms - appended_at_ms > slow_ms THEN 'slow'
                ELSE '' END AS kind,
           CASE WHEN sent_at_ms - received_at_ms > skew_ms THEN sent_at_ms - received_at_ms
                WHEN received_at_ms - coalesce(accepted_at_ms, sent_at_ms) > allowance_ms
                    THEN received_at_ms - coalesce(accepted_at_ms, sent_at_ms)
                WHEN received_at_ms - appended_at_ms > slow_ms THEN received_at_ms - appended_at_ms
                ELSE 0 END AS worst_ms
    FROM arrivals
) AS classed
WHERE kind <> ''
GROUP BY kind, side, label, type, day
