-- What does an export hold more than once? One row per source and message of which there are copies: few, as a rule.
SELECT 'segment' AS source, message_id, count(*) AS copies
FROM facts
WHERE source = 'segment'
GROUP BY message_id
HAVING count(*) > 1
UNION ALL
SELECT 'customerio', message_id, count(*)
FROM facts
WHERE source = 'customerio'
GROUP BY message_id
HAVING count(*) > 1
