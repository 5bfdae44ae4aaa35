-- Which properties hold values that may spell an instant? Counts by spelling, side and event, with the first message of
-- each, of the paths that have another spelling than Unix seconds. `messages` are all values of the path, `held` those of
-- this spelling, both over all sources and events: a path is one property in all events, as in `type_conflicts`.
-- Single messages are not known here, so the window applies to whole days.
SELECT side, event, type, path, spelling, form, count, held, messages, message_id, file, line, byte_offset
FROM (
    SELECT seen.source AS side, coalesce(seen.event, seen.type) AS event, seen.type, seen.path, seen.spelling, seen.form,
           seen.message_id, seen.file, seen.line, seen.byte_offset, told.held, whole.messages,
           sum(seen.count) OVER (
               PARTITION BY seen.source, coalesce(seen.event, seen.type), seen.type, seen.path, seen.spelling
           ) AS count,
           row_number() OVER (
               PARTITION BY seen.source, coalesce(seen.event, seen.type), seen.type, seen.path, seen.spelling
               ORDER BY seen.file, seen.line, seen.byte_offset, seen.message_id, seen.day, seen.form
           ) AS number
    FROM dates AS seen
    JOIN (SELECT type, day FROM tallies WHERE is_inside = 1 GROUP BY type, day) AS asked
      ON asked.type = seen.type AND asked.day = coalesce(seen.day, '')
    JOIN (
        SELECT CASE WHEN dates.type = 'screen' THEN 'page' ELSE dates.type END AS about, path, spelling, sum(count) AS held
        FROM dates
        JOIN (SELECT type, day FROM tallies WHERE is_inside = 1 GROUP BY type, day) AS asked
          ON asked.type = dates.type AND asked.day = coalesce(dates.day, '')
        GROUP BY CASE WHEN dates.type = 'screen' THEN 'page' ELSE dates.type END, path, spelling
    ) AS told
      ON told.path = seen.path AND told.spelling = seen.spelling
         AND told.about = CASE WHEN seen.type = 'screen' THEN 'page' ELSE seen.type END
    JOIN (
        SELECT about, path, sum(count) AS messages
        FROM (
            SELECT CASE WHEN properties.type = 'screen' THEN 'page' ELSE properties.type END AS about, form,
                   sum(count) AS count
            FROM properties
            JOIN (SELECT type, day FROM tallies WHERE is_inside = 1 GROUP BY type, day) AS asked
              ON asked.type = properties.type AND asked.day = coalesce(properties.day, '')
            GROUP BY CASE WHEN properties.type = 'screen' THEN 'page' ELSE properties.type END, form
        ) AS used
        JOIN forms_known ON forms_known.form = used.form
        WHERE kind IN ('string', 'number', 'boolean')
        GROUP BY about, path
    ) AS whole
      ON whole.path = seen.path AND whole.about = CASE WHEN seen.type = 'screen' THEN 'page' ELSE seen.type END
    JOIN (
        SELECT CASE WHEN type = 'screen' THEN 'page' ELSE type END AS about, path
        FROM dates
        WHERE spelling <> 'seconds'
        GROUP BY CASE WHEN type = 'screen' THEN 'page' ELSE type END, path
    ) AS odd
      ON odd.path = seen.path AND odd.about = CASE WHEN seen.type = 'screen' THEN 'page' ELSE seen.type END
) AS numbered
WHERE number = 1
ORDER BY path, type, spelling, side, event
