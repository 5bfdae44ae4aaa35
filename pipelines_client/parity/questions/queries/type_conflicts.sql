-- Which properties have values of several types? Counts by type, side, event and day, with the first message of each.
-- A property of one name is one property in all events; those of pages and screens, and traits of people and of groups,
-- are kept apart.
-- Single messages are not known here, so the window applies to whole days.
SELECT side, event, type, day, path, kind, count, message_id, file, line, byte_offset
FROM (
    SELECT property.source AS side, coalesce(property.event, property.type) AS event, property.type,
           coalesce(property.day, '') AS day, form.path, form.kind, property.message_id,
           property.file, property.line, property.byte_offset,
           sum(property.count) OVER (
               PARTITION BY property.source, coalesce(property.event, property.type), property.type,
                            coalesce(property.day, ''), form.path, form.kind
           ) AS count,
           row_number() OVER (
               PARTITION BY property.source, coalesce(property.event, property.type), property.type,
                            coalesce(property.day, ''), form.path, form.kind
               ORDER BY property.file, property.line, property.byte_offset, property.message_id
           ) AS number
    FROM properties AS property
    JOIN forms_known AS form ON form.form = property.form
    JOIN (
        SELECT about, path
        FROM (
            SELECT DISTINCT CASE WHEN type = 'screen' THEN 'page' ELSE type END AS about, form FROM properties
        ) AS used
        JOIN forms_known ON forms_known.form = used.form
        WHERE kind <> 'null'
        GROUP BY about, path
        HAVING min(kind) <> max(kind)
    ) AS torn
      ON torn.path = form.path
         AND torn.about = CASE WHEN property.type = 'screen' THEN 'page' ELSE property.type END
    JOIN (SELECT type, day FROM tallies WHERE is_inside = 1 GROUP BY type, day) AS asked
      ON asked.type = property.type AND asked.day = coalesce(property.day, '')
    WHERE form.kind <> 'null'
) AS numbered
WHERE number = 1
ORDER BY path, kind, side, event, type, day
