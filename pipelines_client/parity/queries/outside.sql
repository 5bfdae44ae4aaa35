-- What did the window leave out?
SELECT coalesce(sum(in_ledger), 0) AS ledger, coalesce(sum(in_segment), 0) AS segment,
       coalesce(sum(in_customerio), 0) AS customerio
FROM messages_windowed
WHERE is_inside = 0
