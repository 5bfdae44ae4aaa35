-- Which messages does a side lack, and why, each looked at alone? One row per message and side.
-- The ledger's last record decides first, then what the two vendors are known to do (FACTS T, S3), then the age of the
-- message: by receipt, or where a side has none by sending, or by the event. `copy_words` are those of the other export,
-- 0 if it lacks the message too; `ledger_words` are the ledger's. What Customer.io took of suppressed people explains itself. `place_ms` is when the side should have received it: when its API answered, or as far as
-- the other sources know.
SELECT message_key, message_check, is_wrong, side, type, label, day, message_at_ms, taken_at_ms, in_ledger, copy_words,
       ledger_words, coalesce(finished_at_ms, appended_at_ms, other_received_at_ms) AS place_ms,
       CASE
           WHEN outcome IN ('rejected', 'dropped', 'skipped') THEN outcome
           WHEN expects_alias = 1 AND type = 'alias' AND (in_ledger = 0 OR outcome = 'accepted') THEN 'expected'
           WHEN expects_groupid_only = 1 AND side = 'segment' AND is_group_only = 1
                AND (in_ledger = 0 OR outcome = 'accepted') THEN 'expected'
           WHEN in_ledger = 1 AND (appended_at_ms > watermark_ms OR finished_at_ms > watermark_ms + settle_ms)
               THEN 'too_young'
           WHEN in_ledger = 0 AND other_received_at_ms > watermark_ms THEN 'too_young'
           WHEN in_ledger = 1 AND outcome IS NULL THEN 'in_spool'
           WHEN is_suppressed = 1 AND (in_ledger = 1 OR has_ledger = 0) THEN 'suppressed'
           WHEN in_ledger = 1 THEN 'accepted_but_absent'
           WHEN has_ledger = 1 THEN 'foreign_writer'
           ELSE 'unknown'
       END AS cause,
       CASE WHEN in_ledger = 1 THEN reason END AS reason
FROM (
    SELECT absent.message_key, absent.message_check, 'segment' AS side, absent.type, absent.label, absent.day, message_at_ms, taken_at_ms, in_ledger,
           ledger_words, customerio_words AS copy_words, has_ledger, is_group_only, CASE WHEN differences + is_shared > 0 THEN 1 ELSE 0 END AS is_wrong,
           appended_at_ms, settle_ms, fate.outcome, fate.reason, segment_finished_at_ms AS finished_at_ms,
           segment_watermark_ms AS watermark_ms, 0 AS is_suppressed,
           coalesce(customerio_received_at_ms, customerio_sent_at_ms, message_at_ms) AS other_received_at_ms
    FROM judged AS absent
    LEFT JOIN words_known AS fate ON fate.words = absent.segment_fate
    WHERE has_segment = 1 AND in_segment = 0 AND (in_ledger = 1 OR in_customerio = 1)
    UNION ALL
    SELECT absent.message_key, absent.message_check, 'customerio', absent.type, absent.label, absent.day, message_at_ms, taken_at_ms, in_ledger,
           ledger_words, segment_words, has_ledger, is_group_only, CASE WHEN differences + is_shared > 0 THEN 1 ELSE 0 END,
           appended_at_ms, settle_ms, fate.outcome, fate.reason, customerio_finished_at_ms,
           customerio_watermark_ms, CASE WHEN theirs.message_key IS NULL THEN 0 ELSE 1 END,
           coalesce(segment_received_at_ms, segment_sent_at_ms, message_at_ms)
    FROM judged AS absent
    LEFT JOIN words_known AS fate ON fate.words = absent.customerio_fate
    LEFT JOIN suppressed_messages AS theirs
      ON theirs.message_key = absent.message_key AND theirs.message_check = absent.message_check
    WHERE has_customerio = 1 AND in_customerio = 0 AND (in_ledger = 1 OR in_segment = 1)
) AS absent
CROSS JOIN (SELECT expects_alias, expects_groupid_only FROM settings) AS expecting
