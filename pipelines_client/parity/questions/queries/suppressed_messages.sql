-- Which messages are about suppressed people? One row per message.
SELECT facts.message_key, facts.message_check
FROM facts
JOIN (SELECT DISTINCT identity FROM suppressed_people) AS person ON person.identity = facts.identity
GROUP BY facts.message_key, facts.message_check
