-- What did each export hold? One row per source and message: its first copy, and how many there were.
-- Nearly all messages come once, and those only pass through: numbering every row would sort the whole export.
SELECT facts.source, facts.message_id, type, event, identity, identity_kind, occurred_at_ms, received_at_ms, day,
       payload_hash, is_reduced, file, line, byte_offset, byte_count, sent_at_ms, library, write_key_suffix, 1 AS copies
FROM facts
LEFT JOIN repeated ON repeated.source = facts.source AND repeated.message_id = facts.message_id
WHERE facts.source <> 'ledger' AND repeated.message_id IS NULL
UNION ALL
SELECT source, message_id, type, event, identity, identity_kind, occurred_at_ms, received_at_ms, day, payload_hash,
       is_reduced, file, line, byte_offset, byte_count, sent_at_ms, library, write_key_suffix, copies
FROM (
    SELECT facts.*, repeated.copies,
           row_number() OVER (
               PARTITION BY facts.source, facts.message_id
               ORDER BY facts.type, coalesce(facts.event, ''), coalesce(facts.received_at_ms, 0), facts.file, facts.line,
                        facts.byte_offset
           ) AS copy
    FROM facts
    JOIN repeated ON repeated.source = facts.source AND repeated.message_id = facts.message_id
) AS numbered
WHERE copy = 1
