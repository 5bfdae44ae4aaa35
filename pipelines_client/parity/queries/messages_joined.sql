-- Who knows which message, and what differs? One row per message: the three-way join.
-- A window by event time asks the ledger first, then Segment, then Customer.io, once for the message and not once for
-- each side, so no side can lose a message over an edge. A null differs from a value, and not from a null. A row that
-- is reduced (a warehouse's) proves nothing about a payload.
-- The hashes are compared here and not kept: a table this long pays for each column.
SELECT message_id, in_ledger, in_segment, in_customerio, type, label, message_at_ms, day,
       ledger_event, segment_event, customerio_event, ledger_identity, segment_identity, customerio_identity,
       is_segment_whole, is_customerio_whole, is_group_only, appended_at_ms, segment_received_at_ms, customerio_received_at_ms,
       segment_sent_at_ms, customerio_sent_at_ms, segment_outcome, segment_reason, segment_finished_at_ms,
       customerio_outcome, customerio_reason, customerio_finished_at_ms,
       ledger_rows, ledger_repeats, segment_rows, customerio_rows,
       segment_file, segment_line, segment_offset, segment_bytes,
       customerio_file, customerio_line, customerio_offset, customerio_bytes,
       CASE WHEN in_segment = 1 AND in_customerio = 1 AND is_segment_whole = 1 AND is_customerio_whole = 1
                 AND coalesce(segment_hash, '') <> coalesce(customerio_hash, '')
            THEN 1 ELSE 0 END AS exports_drift,
       CASE WHEN in_ledger = 1 AND in_segment = 1 AND is_segment_whole = 1
                 AND coalesce(ledger_hash, '') <> coalesce(segment_hash, '')
            THEN 1 ELSE 0 END AS segment_drift,
       CASE WHEN in_ledger = 1 AND in_customerio = 1 AND is_customerio_whole = 1
                 AND coalesce(ledger_hash, '') <> coalesce(customerio_hash, '')
            THEN 1 ELSE 0 END AS customerio_drift,
       CASE WHEN in_segment = 1 AND in_customerio = 1 AND coalesce(segment_identity, '') <> coalesce(customerio_identity, '')
            THEN 1 ELSE 0 END AS exports_identity,
       CASE WHEN in_ledger = 1 AND knows_identity = 1 AND in_segment = 1
                 AND coalesce(ledger_identity, '') <> coalesce(segment_identity, '')
            THEN 1 ELSE 0 END AS segment_identity_differs,
       CASE WHEN in_ledger = 1 AND knows_identity = 1 AND in_customerio = 1
                 AND coalesce(ledger_identity, '') <> coalesce(customerio_identity, '')
            THEN 1 ELSE 0 END AS customerio_identity_differs,
       CASE WHEN type = 'track' AND (
                    (in_segment = 1 AND in_customerio = 1 AND coalesce(segment_event, '') <> coalesce(customerio_event, ''))
                 OR (in_ledger = 1 AND in_segment = 1 AND coalesce(ledger_event, '') <> coalesce(segment_event, ''))
                 OR (in_ledger = 1 AND in_customerio = 1 AND coalesce(ledger_event, '') <> coalesce(customerio_event, '')))
            THEN 1 ELSE 0 END AS is_renamed
FROM (
    SELECT coalesce(s.message_id, c.message_id, l.message_id) AS message_id,
           CASE WHEN l.message_id IS NULL THEN 0 ELSE 1 END AS in_ledger,
           CASE WHEN s.message_id IS NULL THEN 0 ELSE 1 END AS in_segment,
           CASE WHEN c.message_id IS NULL THEN 0 ELSE 1 END AS in_customerio,
           coalesce(l.type, s.type, c.type) AS type,
           coalesce(l.event, s.event, c.event, l.type, s.type, c.type) AS label,
           coalesce(l.occurred_at_ms, s.occurred_at_ms, c.occurred_at_ms) AS message_at_ms,
           coalesce(l.day, s.day, c.day, '') AS day,
           l.event AS ledger_event, s.event AS segment_event, c.event AS customerio_event,
           l.identity AS ledger_identity, s.identity AS segment_identity, c.identity AS customerio_identity,
           CASE WHEN coalesce(s.identity_kind, c.identity_kind) = 'group' THEN 1 ELSE 0 END AS is_group_only,
           CASE WHEN l.type = 'alias' THEN NULL ELSE l.payload_hash END AS ledger_hash,
           CASE WHEN s.is_reduced = 0 THEN 1 ELSE 0 END AS is_segment_whole,
           CASE WHEN c.is_reduced = 0 THEN 1 ELSE 0 END AS is_customerio_whole,
           s.payload_hash AS segment_hash, c.payload_hash AS customerio_hash,
           l.appended_at_ms,
           s.received_at_ms AS segment_received_at_ms, c.received_at_ms AS customerio_received_at_ms,
           s.sent_at_ms AS segment_sent_at_ms, c.sent_at_ms AS customerio_sent_at_ms,
           l.segment_outcome, l.segment_reason, l.segment_finished_at_ms,
           l.customerio_outcome, l.customerio_reason, l.customerio_finished_at_ms,
           coalesce(l.records, 0) AS ledger_rows, coalesce(l.repeats, 0) AS ledger_repeats,
           coalesce(s.copies, 0) AS segment_rows, coalesce(c.copies, 0) AS customerio_rows,
           s.file AS segment_file, s.line AS segment_line, s.byte_offset AS segment_offset, s.byte_count AS segment_bytes,
           c.file AS customerio_file, c.line AS customerio_line, c.byte_offset AS customerio_offset,
           c.byte_count AS customerio_bytes
    FROM (SELECT * FROM messages_exported WHERE source = 'segment') AS s
    FULL JOIN (SELECT * FROM messages_exported WHERE source = 'customerio') AS c ON c.message_id = s.message_id
    FULL JOIN messages_recorded AS l ON l.message_id = coalesce(s.message_id, c.message_id)
) AS joined
CROSS JOIN settings
