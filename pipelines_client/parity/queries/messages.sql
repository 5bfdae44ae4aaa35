-- Which messages does the window ask about?
-- `since_ms` and `until_ms` speak of when a message happened. `received_from_ms` bounds only what the ledger never saw:
-- an archive reaches back to before there was a ledger, while no message of the ledger is ever left out by it.
SELECT *
FROM messages_joined
WHERE (since_ms IS NULL OR message_at_ms IS NULL OR message_at_ms >= since_ms)
  AND (until_ms IS NULL OR message_at_ms IS NULL OR message_at_ms < until_ms)
  AND (received_from_ms IS NULL OR in_ledger = 1
       OR coalesce(segment_received_at_ms, customerio_received_at_ms, message_at_ms, received_from_ms) >= received_from_ms
       OR coalesce(customerio_received_at_ms, received_from_ms - 1) >= received_from_ms)
