-- Where is the first message of each id that collides, or belongs to no known person? One row per id.
SELECT person, source, message_id, file, line, byte_offset, byte_count
FROM (
    SELECT people.person, people.source, message_id, file, line, byte_offset, byte_count,
           row_number() OVER (
               PARTITION BY people.person ORDER BY people.source, file, line, byte_offset, message_id
           ) AS number
    FROM people
    JOIN (SELECT person FROM crowded UNION SELECT person FROM loose) AS found ON found.person = people.person
) AS numbered
WHERE number = 1
