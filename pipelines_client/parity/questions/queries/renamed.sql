-- Which events have another name in another source? One row per set of names.
SELECT ledger_event AS ledger, segment_event AS segment, customerio_event AS customerio, sum(messages) AS count
FROM tallies
WHERE is_renamed = 1 AND is_inside = 1
GROUP BY ledger_event, segment_event, customerio_event
ORDER BY count DESC, coalesce(ledger_event, ''), coalesce(segment_event, ''), coalesce(customerio_event, ''),
         ledger_event, segment_event, customerio_event
