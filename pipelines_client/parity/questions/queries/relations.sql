-- Which messages do two sources share, and which should they share? Counts by the source that has them, the side that should
-- have them too, day, event and writer, with one of the writer's words. All `messages` of the source, those that the side
-- has (`shared`) or lacks for no reason that is known (`lacking`), and those that the ledger has (`recorded`).
SELECT source, side, day, event, origin, library, write_key_suffix, min(counted.words) AS words,
       sum(messages) AS messages, sum(shared) AS shared, sum(lacking) AS lacking, sum(recorded) AS recorded
FROM (
    SELECT 'segment' AS source, 'customerio' AS side, day, label AS event, segment_words AS words, messages,
           in_customerio * messages AS shared, 0 AS lacking, in_ledger * messages AS recorded
    FROM tallies
    WHERE in_segment = 1 AND is_inside = 1
    UNION ALL
    SELECT 'customerio', 'segment', day, label, customerio_words, messages, in_segment * messages, 0, in_ledger * messages
    FROM tallies
    WHERE in_customerio = 1 AND is_inside = 1
    UNION ALL
    SELECT 'ledger', 'segment', day, label, ledger_words, messages, in_segment * messages, 0, messages
    FROM tallies
    WHERE in_ledger = 1 AND is_inside = 1
    UNION ALL
    SELECT 'ledger', 'customerio', day, label, ledger_words, messages, in_customerio * messages, 0, messages
    FROM tallies
    WHERE in_ledger = 1 AND is_inside = 1
    UNION ALL
    SELECT CASE WHEN side = 'segment' THEN 'customerio' ELSE 'segment' END, side, day, label, copy_words, 0, 0, 1, 0
    FROM lacking
    JOIN causes ON causes.cause = lacking.cause
    WHERE copy_words <> 0 AND (is_unexplained = 1 OR (is_loss = 1 AND in_ledger = 0))
    UNION ALL
    SELECT 'ledger', side, day, label, ledger_words, 0, 0, 1, 0
    FROM lacking
    JOIN causes ON causes.cause = lacking.cause
    WHERE in_ledger = 1 AND is_unexplained = 1
) AS counted
LEFT JOIN (SELECT words, origin, library, write_key_suffix FROM words_known) AS writer ON writer.words = counted.words
GROUP BY source, side, day, event, origin, library, write_key_suffix
ORDER BY source, side, day, event, origin, library, write_key_suffix
