-- Where is a message, and what is its id? One row per source and message, of the ledger one per record.
-- For the few messages that a question shows: it finds them by their keys and asks for their places last.
SELECT source, message_key, message_check, message_id, file, line, byte_offset, byte_count
FROM messages_exported
UNION ALL
SELECT source, message_key, message_check, message_id, file, line, byte_offset, byte_count
FROM facts
WHERE source = 'ledger'
