-- What did each export hold? One row per source and message: its first copy, and how many there were.
SELECT source, message_id, type, event, identity, identity_kind, occurred_at_ms, received_at_ms, day, payload_hash,
       file, line, byte_offset, byte_count, copies
FROM (
    SELECT facts.*,
           row_number() OVER (
               PARTITION BY source, message_id ORDER BY type, coalesce(event, ''), coalesce(received_at_ms, 0), file, line
           ) AS copy,
           count(*) OVER (PARTITION BY source, message_id) AS copies
    FROM facts
    WHERE source <> 'ledger'
) AS numbered
WHERE copy = 1
