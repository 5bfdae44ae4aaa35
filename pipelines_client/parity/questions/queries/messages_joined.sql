-- Which sources have a message, and what differs between them? One row per message: the three-way join.
-- The time of a message is the ledger's, else Segment's, else Customer.io's, once for the message and not for each side,
-- so that no side loses a message at the edge of a window. A null differs from a value, but not from a null.
-- In a table this long each column costs memory: hashes are compared here and not kept, texts and places are left out.
-- What differs is the sum of bits as in `is_reduced`: 1 the payload, 4 the identity, 16 the anonymous id, 32 the group or
-- previous id, 64 the object's type, 128 the time by more than a second (some sources cut it), 256 the context; 1024 that
-- Customer.io's payload is not the one that was recorded, and is as a cure makes it.
-- Customer.io should have what the cures make of Segment's payload (`cured_hash`); if the team says nothing of cures, what
-- the ledger says was sent, else what was recorded. Where Segment's payload is wrong, the ledger counts.
-- Each row depends only on the facts of its `message_key`, so that an engine may make the table range by range.
SELECT coalesce(s.message_key, c.message_key, l.message_key) AS message_key,
       coalesce(s.message_check, c.message_check, l.message_check) AS message_check,
       CASE WHEN l.message_key IS NULL THEN 0 ELSE 1 END AS in_ledger,
       CASE WHEN s.message_key IS NULL THEN 0 ELSE 1 END AS in_segment,
       CASE WHEN c.message_key IS NULL THEN 0 ELSE 1 END AS in_customerio,
       coalesce(l.words, 0) AS ledger_words, coalesce(s.words, 0) AS segment_words, coalesce(c.words, 0) AS customerio_words,
       l.segment_fate, l.customerio_fate,
       s.identity AS segment_identity, c.identity AS customerio_identity,
       coalesce(l.occurred_at_ms, s.occurred_at_ms, c.occurred_at_ms) AS message_at_ms,
       l.appended_at_ms, l.segment_finished_at_ms, l.customerio_finished_at_ms,
       s.received_at_ms AS segment_received_at_ms, c.received_at_ms AS customerio_received_at_ms,
       s.sent_at_ms AS segment_sent_at_ms, c.sent_at_ms AS customerio_sent_at_ms,
       coalesce(l.records, 0) AS ledger_rows, coalesce(l.repeats, 0) AS ledger_repeats,
       coalesce(s.copies, 0) AS segment_rows, coalesce(c.copies, 0) AS customerio_rows,
       CASE WHEN CASE WHEN applies_cures = 1 THEN coalesce(s.cured_hash, l.cured_hash, s.payload_hash)
                      ELSE s.payload_hash END IS NOT DISTINCT FROM c.payload_hash THEN 0 ELSE 1 END
           + CASE WHEN s.identity IS NOT DISTINCT FROM c.identity THEN 0 ELSE 4 END
           + CASE WHEN s.other_ids = c.other_ids THEN 0
                  ELSE CASE WHEN (s.other_ids & 2097151) = (c.other_ids & 2097151) THEN 0 ELSE 16 END
                       + CASE WHEN (s.other_ids & 4398044413952) = (c.other_ids & 4398044413952) THEN 0 ELSE 32 END
                       + CASE WHEN s.other_ids // 4398046511104 = c.other_ids // 4398046511104 THEN 0 ELSE 64 END END
           + CASE WHEN s.occurred_at_ms - c.occurred_at_ms BETWEEN -1000 AND 1000 THEN 0 ELSE 128 END
           + CASE WHEN s.context_hash IS NOT DISTINCT FROM c.context_hash THEN 0 ELSE 256 END AS exports_differ,
       CASE WHEN l.payload_hash IS NOT DISTINCT FROM s.payload_hash THEN 0 ELSE 1 END
           + CASE WHEN l.identity IS NOT DISTINCT FROM s.identity THEN 0 ELSE 4 END
           + CASE WHEN l.occurred_at_ms - s.occurred_at_ms BETWEEN -1000 AND 1000 THEN 0 ELSE 128 END AS segment_differs,
       CASE WHEN coalesce(CASE WHEN l.payload_hash = s.payload_hash THEN s.cured_hash END, l.cured_hash, l.payload_hash)
                 IS NOT DISTINCT FROM c.payload_hash THEN 0 ELSE 1 END
           + CASE WHEN l.identity IS NOT DISTINCT FROM c.identity THEN 0 ELSE 4 END
           + CASE WHEN l.occurred_at_ms - c.occurred_at_ms BETWEEN -1000 AND 1000 THEN 0 ELSE 128 END
           + CASE WHEN applies_cures = 1 AND c.payload_hash <> coalesce(l.payload_hash, s.payload_hash)
                       AND (c.payload_hash = s.cured_hash OR c.payload_hash = l.cured_hash)
                  THEN 1024 ELSE 0 END AS customerio_differs
FROM (SELECT * FROM messages_exported WHERE source = 'segment') AS s
FULL JOIN (SELECT * FROM messages_exported WHERE source = 'customerio') AS c
  ON c.message_key = s.message_key AND c.message_check = s.message_check
FULL JOIN messages_recorded AS l
  ON l.message_key = coalesce(s.message_key, c.message_key) AND l.message_check = coalesce(s.message_check, c.message_check)
CROSS JOIN settings
