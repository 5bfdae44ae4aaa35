-- Which ids collide, or belong to no known person? One row per id and collision, with the first message of the id.
SELECT found.kind, found.matter, found.person, persons.kind AS id_kind, persons.shape, persons.identifies, persons.events,
       place.source, place.message_id, place.file, place.line, place.byte_offset, place.byte_count
FROM (
    SELECT kind, matter, person FROM crowded
    UNION ALL
    SELECT kind, matter, person FROM loose
) AS found
JOIN persons ON persons.person = found.person
JOIN firsts AS place ON place.person = found.person
ORDER BY found.kind, found.matter, found.person
