-- Which copies of a message hold another payload than its first copy? Counts of such copies by side, event and day.
SELECT found.side, found.event, found.type, found.day, found.count, found.message_id,
       judged.segment_file, judged.segment_line, judged.customerio_file, judged.customerio_line
FROM (
    SELECT copy.source AS side, doubled.label AS event, doubled.type, doubled.day, count(*) AS count,
           min(copy.message_id) AS message_id
    FROM facts AS copy
    JOIN (
        SELECT exported.message_id, exported.source AS side, judged.label, judged.type, judged.day,
               coalesce(exported.payload_hash, '') AS first_hash
        FROM messages_exported AS exported
        JOIN judged ON judged.message_id = exported.message_id
        WHERE exported.copies > 1
    ) AS doubled
      ON doubled.message_id = copy.message_id AND doubled.side = copy.source
    WHERE coalesce(copy.payload_hash, '') <> doubled.first_hash
    GROUP BY copy.source, doubled.label, doubled.type, doubled.day
) AS found
JOIN judged ON judged.message_id = found.message_id
ORDER BY found.side, found.event, found.type, found.day
