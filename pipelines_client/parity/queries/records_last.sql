-- What is the last word of the ledger on each message and leg? A crash repeats a record, so the last one counts.
-- Few are repeated, and only those need an order.
SELECT facts.message_id, facts.leg, type, event, identity, occurred_at_ms, day, payload_hash, outcome, reason,
       appended_at_ms, finished_at_ms, file, line, 1 AS records
FROM facts
LEFT JOIN (
    SELECT message_id, leg FROM facts WHERE source = 'ledger' GROUP BY message_id, leg HAVING count(*) > 1
) AS repeated ON repeated.message_id = facts.message_id AND repeated.leg = facts.leg
WHERE facts.source = 'ledger' AND repeated.message_id IS NULL
UNION ALL
SELECT message_id, leg, type, event, identity, occurred_at_ms, day, payload_hash, outcome, reason,
       appended_at_ms, finished_at_ms, file, line, records
FROM (
    SELECT facts.*,
           row_number() OVER (
               PARTITION BY facts.message_id, facts.leg
               ORDER BY coalesce(finished_at_ms, 0) DESC, file DESC, line DESC, byte_offset DESC
           ) AS age,
           count(*) OVER (PARTITION BY facts.message_id, facts.leg) AS records
    FROM facts
    JOIN (
        SELECT message_id, leg FROM facts WHERE source = 'ledger' GROUP BY message_id, leg HAVING count(*) > 1
    ) AS repeated ON repeated.message_id = facts.message_id AND repeated.leg = facts.leg
    WHERE facts.source = 'ledger'
) AS numbered
WHERE age = 1
