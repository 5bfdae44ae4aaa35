-- What is the ledger's last record of each message and leg? A crash may repeat a record, so the last one counts.
-- Few records are repeated, and only those are sorted.
SELECT facts.message_key, facts.message_check, facts.message_id, known.leg, facts.words, identity, payload_hash,
       cured_hash, occurred_at_ms, appended_at_ms, finished_at_ms, 1 AS records
FROM facts
JOIN words_known AS known ON known.words = facts.words
LEFT JOIN repeated
  ON repeated.source = 'ledger' AND repeated.message_key = facts.message_key
     AND repeated.message_check = facts.message_check AND repeated.leg = known.leg
WHERE facts.source = 'ledger' AND repeated.message_key IS NULL
UNION ALL
SELECT message_key, message_check, message_id, leg, words, identity, payload_hash, cured_hash, occurred_at_ms,
       appended_at_ms, finished_at_ms, records
FROM (
    SELECT facts.*, known.leg, repeated.copies AS records,
           row_number() OVER (
               PARTITION BY facts.message_key, facts.message_check, known.leg
               ORDER BY coalesce(facts.finished_at_ms, 0) DESC, facts.file DESC, facts.line DESC, facts.byte_offset DESC
           ) AS age
    FROM facts
    JOIN words_known AS known ON known.words = facts.words
    JOIN repeated
      ON repeated.source = 'ledger' AND repeated.message_key = facts.message_key
         AND repeated.message_check = facts.message_check AND repeated.leg = known.leg
    WHERE facts.source = 'ledger'
) AS numbered
WHERE age = 1
