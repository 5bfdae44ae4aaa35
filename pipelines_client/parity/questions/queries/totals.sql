-- What are the counts over all messages?
SELECT coalesce(sum(messages), 0) AS messages,
       coalesce(sum(is_matched * messages), 0) AS matched,
       coalesce(sum(is_compared * messages), 0) AS compared,
       coalesce(sum(is_segment_whole * is_customerio_whole * messages), 0) AS paired,
       coalesce(sum(is_drift * messages), 0) AS drift,
       coalesce(sum(is_identity * messages), 0) AS identity,
       coalesce(sum(is_renamed * messages), 0) AS renamed,
       coalesce(sum(cured), 0) AS cured,
       coalesce(sum(CASE WHEN has_ledger = 1 AND in_ledger = 0 THEN messages ELSE 0 END), 0) AS unrecorded,
       coalesce(sum(ledger_rows), 0) AS ledger_rows,
       coalesce(sum(in_ledger * messages), 0) AS ledger_messages,
       coalesce(sum(ledger_repeats), 0) AS ledger_duplicates,
       coalesce(sum(segment_rows), 0) AS segment_rows,
       coalesce(sum(in_segment * messages), 0) AS segment_messages,
       coalesce(sum(segment_rows - in_segment * messages), 0) AS segment_duplicates,
       coalesce(sum(customerio_rows), 0) AS customerio_rows,
       coalesce(sum(in_customerio * messages), 0) AS customerio_messages,
       coalesce(sum(customerio_rows - in_customerio * messages), 0) AS customerio_duplicates
FROM tallies
CROSS JOIN settings
WHERE is_inside = 1
