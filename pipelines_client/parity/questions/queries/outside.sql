-- How many messages are outside the window?
SELECT coalesce(sum(in_ledger * messages), 0) AS ledger, coalesce(sum(in_segment * messages), 0) AS segment,
       coalesce(sum(in_customerio * messages), 0) AS customerio
FROM tallies
WHERE is_inside = 0
