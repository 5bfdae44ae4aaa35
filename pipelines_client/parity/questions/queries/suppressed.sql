-- How many people are on the list of suppressed people, and how many of them have messages?
SELECT listed, matched
FROM (SELECT count(DISTINCT message_key) AS listed FROM traits WHERE source = 'suppressed') AS given
CROSS JOIN (
    SELECT count(DISTINCT person.line_key) AS matched
    FROM suppressed_people AS person
    JOIN facts ON facts.identity = person.identity
) AS found
ORDER BY listed
