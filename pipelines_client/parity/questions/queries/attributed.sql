-- Which messages does a side lack, and why, if its evidence has no gap? One row per message and side, as in `lacking`,
-- which looks at each.
-- What only one of two unrelated sources has proves no loss. `strangers` says which: by the side that lacks a message,
-- whether the ledger and the other export have it, or by one of the words that its writer uses: in the ledger, or where that
-- does not have it, in the other export.
SELECT message_key, message_check, is_wrong, found.side, type, label, day, message_at_ms, taken_at_ms, place_ms,
       found.in_ledger, copy_words,
       CASE WHEN (pair.side IS NOT NULL OR writer.side IS NOT NULL)
                 AND (is_unexplained = 1 OR (is_loss = 1 AND found.in_ledger = 0)) THEN 'unrelated'
            ELSE found.cause END AS cause,
       reason
FROM lacking AS found
JOIN causes ON causes.cause = found.cause
LEFT JOIN (SELECT side, in_ledger, in_other FROM strangers WHERE words IS NULL) AS pair
  ON pair.side = found.side AND pair.in_ledger = found.in_ledger
     AND pair.in_other = CASE WHEN copy_words = 0 THEN 0 ELSE 1 END
LEFT JOIN (
    SELECT DISTINCT strangers.side, alike.words
    FROM strangers
    JOIN words_known AS example ON example.words = strangers.words
    JOIN words_known AS alike
      ON alike.origin IS NOT DISTINCT FROM example.origin AND alike.library IS NOT DISTINCT FROM example.library
         AND alike.write_key_suffix IS NOT DISTINCT FROM example.write_key_suffix
) AS writer
  ON writer.side = found.side AND writer.words = CASE WHEN found.in_ledger = 1 THEN ledger_words ELSE copy_words END
