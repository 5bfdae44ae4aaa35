-- What did the window leave out?
SELECT coalesce(sum(in_ledger), 0) AS ledger, coalesce(sum(in_segment), 0) AS segment,
       coalesce(sum(in_customerio), 0) AS customerio
FROM messages_joined
WHERE NOT EXISTS (SELECT 1 FROM messages WHERE messages.message_id = messages_joined.message_id)
