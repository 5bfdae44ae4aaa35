-- Where does a closed window end, and what holds its end back? One row, which `closed` shows.
-- Before `closes_ms` of the settings every export should have what was taken. A message that a side lacks may still come
-- if its API accepted it too late for that side's export, or if it has waited in a spool for less than `patience_ms`. The
-- first of these (`held_ms`) ends the window, so that nothing in a closed window is too young.
SELECT waiting, held_ms, closes_ms,
       CASE WHEN is_closed = 0 OR closes_ms IS NULL OR closes_ms > until_ms THEN until_ms ELSE closes_ms END AS ends_ms
FROM (
    SELECT waiting, held_ms, is_closed, until_ms, coalesce(held_ms, settings.closes_ms) AS closes_ms
    FROM (
        SELECT count(*) AS waiting, min(appended_at_ms) AS held_ms
        FROM (
            SELECT appended_at_ms, fate.outcome, segment_finished_at_ms AS finished_at_ms,
                   segment_watermark_ms - segment_allowance_ms AS covered_ms, since_ms, closes_ms, patience_ms
            FROM messages_joined
            CROSS JOIN settings
            LEFT JOIN words_known AS fate ON fate.words = segment_fate
            WHERE in_ledger = 1 AND has_segment = 1 AND in_segment = 0
            UNION ALL
            SELECT appended_at_ms, fate.outcome, customerio_finished_at_ms,
                   customerio_watermark_ms - customerio_allowance_ms, since_ms, closes_ms, patience_ms
            FROM messages_joined
            CROSS JOIN settings
            LEFT JOIN words_known AS fate ON fate.words = customerio_fate
            WHERE in_ledger = 1 AND has_customerio = 1 AND in_customerio = 0
        ) AS absent
        WHERE appended_at_ms < closes_ms AND (since_ms IS NULL OR appended_at_ms >= since_ms)
              AND (outcome = 'accepted' AND finished_at_ms > covered_ms
                   OR outcome IS NULL AND appended_at_ms >= closes_ms - patience_ms)
    ) AS held
    CROSS JOIN settings
) AS closed
