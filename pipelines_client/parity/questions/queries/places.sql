-- Where is a message, and what is its id? One row per source and message; for the ledger one per record.
-- Join it last, for the few messages that a question shows.
SELECT source, message_key, message_check, message_id, file, line, byte_offset, byte_count
FROM messages_exported
UNION ALL
SELECT source, message_key, message_check, message_id, file, line, byte_offset, byte_count
FROM facts
WHERE source = 'ledger'
