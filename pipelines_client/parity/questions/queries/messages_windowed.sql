-- How does each message compare between the sources, and is it in the window? One row per message.
-- `since_ms` and `until_ms` are about when a message happened. `received_from_ms` applies only to messages that the
-- ledger does not have: an archive may be older than the ledger.
-- A reduced row (of a warehouse) proves nothing about a payload, nor about an identity that it does not show.
SELECT compared.*,
       CASE WHEN exports_drift + segment_drift + customerio_drift > 0 THEN 1 ELSE 0 END AS is_drift,
       CASE WHEN exports_identity + segment_identity + customerio_identity > 0 THEN 1 ELSE 0 END AS is_identity,
       CASE WHEN is_segment_whole + is_customerio_whole + in_ledger < 2 THEN 0 ELSE 1 END AS is_compared,
       CASE WHEN (has_segment = 0 OR in_segment = 1) AND (has_customerio = 0 OR in_customerio = 1)
                 AND in_segment + in_customerio + in_ledger >= 2
                 AND exports_drift + segment_drift + customerio_drift = 0
                 AND exports_identity + segment_identity + customerio_identity = 0
                 AND is_renamed = 0
            THEN 1 ELSE 0 END AS is_matched,
       CASE WHEN (since_ms IS NULL OR message_at_ms IS NULL OR message_at_ms >= since_ms)
                 AND (until_ms IS NULL OR message_at_ms IS NULL OR message_at_ms < until_ms)
                 AND (received_from_ms IS NULL OR in_ledger = 1
                      OR coalesce(segment_received_at_ms, customerio_received_at_ms, message_at_ms, received_from_ms)
                         >= received_from_ms
                      OR coalesce(customerio_received_at_ms, received_from_ms - 1) >= received_from_ms)
            THEN 1 ELSE 0 END AS is_inside
FROM (
    SELECT message_key, message_check, in_ledger, in_segment, in_customerio,
           joined.ledger_words, joined.segment_words, joined.customerio_words, segment_fate, customerio_fate,
           type, label, day, ledger_event, segment_event, customerio_event,
           is_group_only, is_segment_whole, is_customerio_whole, is_renamed,
           joined.segment_identity AS segment_person, joined.customerio_identity AS customerio_person,
           message_at_ms, appended_at_ms, segment_finished_at_ms, customerio_finished_at_ms,
           segment_received_at_ms, customerio_received_at_ms, segment_sent_at_ms, customerio_sent_at_ms,
           ledger_rows, ledger_repeats, segment_rows, customerio_rows,
           in_segment * in_customerio * is_segment_whole * is_customerio_whole * exports_differ AS exports_drift,
           in_ledger * in_segment * is_segment_whole * segment_differs AS segment_drift,
           in_ledger * in_customerio * is_customerio_whole * customerio_differs AS customerio_drift,
           in_segment * in_customerio * is_segment_owned * is_customerio_owned * exports_identity_differs AS exports_identity,
           in_ledger * in_segment * knows_identity * is_segment_owned * segment_identity_differs AS segment_identity,
           in_ledger * in_customerio * knows_identity * is_customerio_owned * customerio_identity_differs
               AS customerio_identity,
           has_ledger, has_segment, has_customerio, since_ms, until_ms, received_from_ms,
           segment_watermark_ms, customerio_watermark_ms, settle_ms, segment_allowance_ms, customerio_allowance_ms,
           slow_ms, skew_ms
    FROM messages_joined AS joined
    JOIN wordings
      ON wordings.ledger_words = joined.ledger_words AND wordings.segment_words = joined.segment_words
         AND wordings.customerio_words = joined.customerio_words
    CROSS JOIN settings
) AS compared
