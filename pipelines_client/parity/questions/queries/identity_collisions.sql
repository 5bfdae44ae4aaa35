-- How many ids collide, or belong to no known person? By kind: how many collisions and ids, of how many that could be, and
-- the first message of one.
SELECT counted.kind, counted.count, counted.ids, counted.among, place.source, place.message_id, place.file, place.line,
       place.byte_offset
FROM (
    SELECT found.kind, count(DISTINCT found.matter) AS count, count(DISTINCT found.person) AS ids,
           max(CASE WHEN found.kind = 'never_merged' THEN anonymous ELSE users END) AS among, min(found.person) AS person
    FROM (
        SELECT kind, matter, person FROM crowded
        UNION ALL
        SELECT kind, matter, person FROM loose
    ) AS found
    CROSS JOIN (
        SELECT sum(CASE WHEN kind = 'anonymous' THEN 1 ELSE 0 END) AS anonymous,
               sum(CASE WHEN kind = 'anonymous' THEN 0 ELSE 1 END) AS users
        FROM persons
    ) AS whole
    GROUP BY found.kind
) AS counted
JOIN firsts AS place ON place.person = counted.person
ORDER BY counted.kind
