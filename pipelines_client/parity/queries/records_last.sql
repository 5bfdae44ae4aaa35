-- What is the last word of the ledger on each message and leg? A crash repeats a record, so the last one counts.
SELECT message_id, leg, type, event, identity, occurred_at_ms, day, payload_hash, outcome, reason, appended_at_ms,
       finished_at_ms, file, line, records
FROM (
    SELECT facts.*,
           row_number() OVER (
               PARTITION BY message_id, leg ORDER BY coalesce(finished_at_ms, 0) DESC, file DESC, line DESC
           ) AS age,
           count(*) OVER (PARTITION BY message_id, leg) AS records
    FROM facts
    WHERE source = 'ledger'
) AS numbered
WHERE age = 1
