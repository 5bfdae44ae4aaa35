-- Which tracks reached a side before the first identify of their person, though they were sent after it?
-- Order at a side is by receipt. The order of sending is the ledger's for messages that it has; messages that it does
-- not have are compared only with each other.
SELECT track.side, track.label AS event, track.type, track.day, count(*) AS count,
       max(identify.received_at_ms - track.received_at_ms) AS worst_ms, min(track.message_key) AS message_key
FROM arrivals AS track
JOIN (
    SELECT side, person, in_ledger, order_ms, received_at_ms
    FROM (
        SELECT side, person, in_ledger, order_ms, received_at_ms,
               row_number() OVER (
                   PARTITION BY side, person, in_ledger ORDER BY order_ms, received_at_ms, message_key
               ) AS number
        FROM arrivals
        WHERE type = 'identify' AND person IS NOT NULL AND order_ms IS NOT NULL
    ) AS numbered
    WHERE number = 1
) AS identify
  ON identify.side = track.side AND identify.person = track.person AND identify.in_ledger = track.in_ledger
WHERE track.type = 'track' AND track.order_ms > identify.order_ms AND track.received_at_ms < identify.received_at_ms
GROUP BY track.side, track.label, track.type, track.day
