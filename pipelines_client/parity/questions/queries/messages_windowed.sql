-- How does each message compare between the sources, and is it in the window? One row per message.
-- The window is about when a message was taken, according to the ledger, or else first received: a message that is dated
-- back belongs to the day on which it came. `received_from_ms` applies only to messages that the ledger does not have: an
-- archive may be older than the ledger.
-- A side that differs from the ledger is the one that is wrong; without the ledger, a difference counts at both sides.
-- `…_differences` are bits as in `wordings`; 116 are those of the identifiers, 896 of time, context and call type. What a
-- row does not show proves nothing, nor does an identity whose key does not fit. An id of several calls has nothing to
-- compare. `…_lacking` are the bits of what a row should show and lacks; 304, an id that a call need not have and the
-- context, only where the other export has one: a column that would be empty hides nothing.
SELECT compared.*,
       segment_differences & 1 AS segment_drift, customerio_differences & 1 AS customerio_drift,
       CASE WHEN (segment_differences & 116) <> 0 THEN 1 ELSE 0 END AS segment_identity,
       CASE WHEN (customerio_differences & 116) <> 0 THEN 1 ELSE 0 END AS customerio_identity,
       differences & 1 AS is_drift,
       CASE WHEN (differences & 116) <> 0 THEN 1 ELSE 0 END AS is_identity,
       CASE WHEN (differences & 2) <> 0 THEN 1 ELSE 0 END AS is_renamed,
       CASE WHEN (customerio_differences & 1) = 0 AND is_as_cured = 1 THEN 1 ELSE 0 END AS is_cured,
       CASE WHEN (has_segment = 0 OR in_segment = 1) AND (has_customerio = 0 OR in_customerio = 1)
                 AND in_segment + in_customerio + in_ledger >= 2
                 AND differences = 0 AND is_shared = 0
            THEN 1 ELSE 0 END AS is_matched,
       CASE WHEN (since_ms IS NULL OR taken_at_ms IS NULL OR taken_at_ms >= since_ms)
                 AND (ends_ms IS NULL OR taken_at_ms IS NULL OR taken_at_ms < ends_ms)
                 AND (received_from_ms IS NULL OR in_ledger = 1
                      OR coalesce(segment_received_at_ms, customerio_received_at_ms, message_at_ms, received_from_ms)
                         >= received_from_ms
                      OR coalesce(customerio_received_at_ms, received_from_ms - 1) >= received_from_ms)
            THEN 1 ELSE 0 END AS is_inside
FROM (
    SELECT differing.*, (segment_differences | customerio_differences) AS differences
    FROM (
        SELECT joined.message_key, joined.message_check, in_ledger, in_segment, in_customerio,
               joined.ledger_words, joined.segment_words, joined.customerio_words, segment_fate, customerio_fate,
               type, label, day, ledger_event, segment_event, customerio_event,
               is_group_only, is_segment_whole, is_customerio_whole,
               joined.segment_identity AS segment_person, joined.customerio_identity AS customerio_person,
               message_at_ms, appended_at_ms, segment_finished_at_ms, customerio_finished_at_ms,
               segment_received_at_ms, customerio_received_at_ms, segment_sent_at_ms, customerio_sent_at_ms,
               ledger_rows, ledger_repeats, segment_rows, customerio_rows,
               CASE WHEN shared.message_key IS NULL THEN 0 ELSE 1 END AS is_shared,
               CASE WHEN shared.message_key IS NULL THEN exports_differ & exports_shown & 1 ELSE 0 END AS exports_drift,
               CASE WHEN shared.message_key IS NOT NULL THEN 0
                    ELSE (segment_differs & segment_shown) + (exports_differ & exports_shown & (1023 - segment_shown))
                         + segment_reworded END AS segment_differences,
               CASE WHEN shared.message_key IS NOT NULL THEN 0
                    ELSE (customerio_differs & customerio_shown)
                         + (exports_differ & exports_shown & (1023 - customerio_shown))
                         + customerio_reworded END AS customerio_differences,
               CASE WHEN shared.message_key IS NULL AND (customerio_differs & 1024) <> 0 THEN 1 ELSE 0 END AS is_as_cured,
               (segment_lacking & (exports_differ | 719)) AS segment_lacking,
               (customerio_lacking & (exports_differ | 719)) AS customerio_lacking,
               has_ledger, has_segment, has_customerio, since_ms, ends_ms, received_from_ms,
               CASE WHEN appended_at_ms IS NOT NULL THEN appended_at_ms
                    WHEN segment_received_at_ms <= customerio_received_at_ms THEN segment_received_at_ms
                    ELSE coalesce(customerio_received_at_ms, segment_received_at_ms, segment_sent_at_ms,
                                  customerio_sent_at_ms, message_at_ms) END AS taken_at_ms,
               segment_watermark_ms, customerio_watermark_ms, settle_ms, segment_allowance_ms, customerio_allowance_ms,
               slow_ms, skew_ms
        FROM messages_joined AS joined
        JOIN wordings
          ON wordings.ledger_words = joined.ledger_words AND wordings.segment_words = joined.segment_words
             AND wordings.customerio_words = joined.customerio_words
        LEFT JOIN shared ON shared.message_key = joined.message_key AND shared.message_check = joined.message_check
        CROSS JOIN settings
        CROSS JOIN (SELECT ends_ms FROM closing) AS closed
    ) AS differing
) AS compared
