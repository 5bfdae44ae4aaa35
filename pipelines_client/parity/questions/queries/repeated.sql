-- What does a source hold more than once? One row per source, leg of the ledger and message with several copies.
-- Usually few: half of the key finds candidates, and only those are counted by the whole key.
SELECT 'segment' AS source, '' AS leg, facts.message_key, facts.message_check, count(*) AS copies
FROM facts
JOIN (SELECT message_key FROM facts WHERE source = 'segment' GROUP BY message_key HAVING count(*) > 1) AS suspect
  ON suspect.message_key = facts.message_key
WHERE facts.source = 'segment'
GROUP BY facts.message_key, facts.message_check
HAVING count(*) > 1
UNION ALL
SELECT 'customerio', '', facts.message_key, facts.message_check, count(*)
FROM facts
JOIN (SELECT message_key FROM facts WHERE source = 'customerio' GROUP BY message_key HAVING count(*) > 1) AS suspect
  ON suspect.message_key = facts.message_key
WHERE facts.source = 'customerio'
GROUP BY facts.message_key, facts.message_check
HAVING count(*) > 1
UNION ALL
SELECT 'ledger', known.leg, facts.message_key, facts.message_check, count(*)
FROM facts
JOIN words_known AS known ON known.words = facts.words
WHERE facts.source = 'ledger'
GROUP BY known.leg, facts.message_key, facts.message_check
HAVING count(*) > 1
