-- Who knows which message, and what differs? One row per message in the window: the three-way join.
-- A window by event time asks the ledger first, then Segment, then Customer.io, once for the message and not once for
-- each side, so no side can lose a message over an edge. A null differs from a value, and not from a null.
SELECT joined.*,
       CASE WHEN in_segment = 1 AND in_customerio = 1 AND coalesce(segment_hash, '') <> coalesce(customerio_hash, '')
            THEN 1 ELSE 0 END AS exports_drift,
       CASE WHEN in_ledger = 1 AND in_segment = 1 AND coalesce(ledger_hash, '') <> coalesce(segment_hash, '')
            THEN 1 ELSE 0 END AS segment_drift,
       CASE WHEN in_ledger = 1 AND in_customerio = 1 AND coalesce(ledger_hash, '') <> coalesce(customerio_hash, '')
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
    SELECT ids.message_id,
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
           s.payload_hash AS segment_hash, c.payload_hash AS customerio_hash,
           l.appended_at_ms,
           s.received_at_ms AS segment_received_at_ms, c.received_at_ms AS customerio_received_at_ms,
           l.segment_outcome, l.segment_reason, l.segment_finished_at_ms,
           l.customerio_outcome, l.customerio_reason, l.customerio_finished_at_ms,
           coalesce(l.records, 0) AS ledger_rows, coalesce(l.repeats, 0) AS ledger_repeats,
           coalesce(s.copies, 0) AS segment_rows, coalesce(c.copies, 0) AS customerio_rows,
           s.file AS segment_file, s.line AS segment_line, s.byte_offset AS segment_offset, s.byte_count AS segment_bytes,
           c.file AS customerio_file, c.line AS customerio_line, c.byte_offset AS customerio_offset,
           c.byte_count AS customerio_bytes,
           settings.*
    FROM (
        SELECT message_id FROM messages_recorded
        UNION
        SELECT message_id FROM messages_exported
    ) AS ids
    LEFT JOIN messages_recorded AS l ON l.message_id = ids.message_id
    LEFT JOIN messages_exported AS s ON s.message_id = ids.message_id AND s.source = 'segment'
    LEFT JOIN messages_exported AS c ON c.message_id = ids.message_id AND c.source = 'customerio'
    CROSS JOIN settings
) AS joined
