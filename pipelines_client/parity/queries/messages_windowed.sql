-- Which messages lie in the window, and what are the settings?
-- `since_ms` and `until_ms` speak of when a message happened. `received_from_ms` bounds only what the ledger never saw:
-- an archive reaches back to before there was a ledger, while no message of the ledger is ever left out by it.
SELECT joined.*,
       has_ledger, has_segment, has_customerio, segment_watermark_ms, customerio_watermark_ms, settle_ms,
       segment_allowance_ms, customerio_allowance_ms, slow_ms, skew_ms,
       CASE WHEN (since_ms IS NULL OR message_at_ms IS NULL OR message_at_ms >= since_ms)
                 AND (until_ms IS NULL OR message_at_ms IS NULL OR message_at_ms < until_ms)
                 AND (received_from_ms IS NULL OR in_ledger = 1
                      OR coalesce(segment_received_at_ms, customerio_received_at_ms, message_at_ms, received_from_ms)
                         >= received_from_ms
                      OR coalesce(customerio_received_at_ms, received_from_ms - 1) >= received_from_ms)
            THEN 1 ELSE 0 END AS is_inside
FROM messages_joined AS joined
CROSS JOIN settings
