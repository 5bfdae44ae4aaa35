-- What did each export hold? One row per source and message: its first copy, and the number of copies.
-- Nearly all messages have one copy and only pass through: numbering every row would sort the whole export.
SELECT facts.source, facts.message_key, facts.message_check, facts.message_id, words, identity, payload_hash, cured_hash,
       other_ids, context_hash, occurred_at_ms, received_at_ms, sent_at_ms, file, line, byte_offset, byte_count, 1 AS copies
FROM facts
LEFT JOIN repeated
  ON repeated.source = facts.source AND repeated.message_key = facts.message_key
     AND repeated.message_check = facts.message_check
WHERE facts.source <> 'ledger' AND repeated.message_key IS NULL
UNION ALL
SELECT source, message_key, message_check, message_id, words, identity, payload_hash, cured_hash, other_ids, context_hash,
       occurred_at_ms, received_at_ms, sent_at_ms, file, line, byte_offset, byte_count, copies
FROM (
    SELECT facts.*, repeated.copies,
           row_number() OVER (
               PARTITION BY facts.source, facts.message_key, facts.message_check
               ORDER BY CASE WHEN facts.received_at_ms IS NULL THEN 1 ELSE 0 END, facts.received_at_ms, facts.file,
                        facts.line, facts.byte_offset
           ) AS copy
    FROM facts
    JOIN repeated
      ON repeated.source = facts.source AND repeated.message_key = facts.message_key
         AND repeated.message_check = facts.message_check
    WHERE facts.source <> 'ledger'
) AS numbered
WHERE copy = 1
