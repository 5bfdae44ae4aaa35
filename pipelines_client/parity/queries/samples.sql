-- Which messages show it? The first few of each class, side and cause, with where their lines are.
SELECT class, side, cause, reason, message_id, type, event, day, segment_file, segment_line, customerio_file, customerio_line
FROM (
    SELECT classed.*,
           row_number() OVER (PARTITION BY class, side, cause ORDER BY message_id) AS number
    FROM (
        SELECT 'missing' AS class, side, cause, coalesce(reason, '') AS reason, absences.message_id, absences.type,
               absences.label AS event, absences.day, segment_file, segment_line, customerio_file, customerio_line
        FROM absences
        JOIN judged ON judged.message_id = absences.message_id
        UNION ALL
        SELECT 'duplicate', 'segment', '', '', message_id, type, label, day,
               segment_file, segment_line, customerio_file, customerio_line
        FROM judged WHERE segment_rows > 1
        UNION ALL
        SELECT 'duplicate', 'customerio', '', '', message_id, type, label, day,
               segment_file, segment_line, customerio_file, customerio_line
        FROM judged WHERE customerio_rows > 1
        UNION ALL
        SELECT 'identity', '', '', '', message_id, type, label, day,
               segment_file, segment_line, customerio_file, customerio_line
        FROM judged WHERE is_identity = 1
        UNION ALL
        SELECT 'renamed', '', '', '', message_id, type, label, day,
               segment_file, segment_line, customerio_file, customerio_line
        FROM judged WHERE is_renamed = 1
    ) AS classed
) AS numbered
WHERE number <= 3
ORDER BY class, side, cause, message_id
