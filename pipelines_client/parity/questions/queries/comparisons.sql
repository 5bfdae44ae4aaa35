-- What was compared? One row per dimension and side; the side is empty for messages of any two sources.
-- Of the side's messages that another source has too: how many were compared with the ledger or else with the other side,
-- how many of them differ, and how many lack what their source should show. The bits are those of `wordings`. An id of
-- several calls has nothing to compare.
SELECT dimension, side, sum(messages) AS messages,
       sum(CASE WHEN (compared & bit) <> 0 THEN messages ELSE 0 END) AS compared,
       sum(CASE WHEN (differences & bit) <> 0 THEN messages ELSE 0 END) AS different,
       sum(CASE WHEN (compared & bit) = 0 AND (lacking & bit) <> 0 THEN messages ELSE 0 END) AS lacking
FROM (
    SELECT CASE WHEN dimension = 'group_id' AND type = 'alias' THEN 'previous_id'
                WHEN dimension = 'event_name' AND type <> 'track' THEN 'page_name'
                ELSE dimension END AS dimension,
           bit, side, messages, compared, differences, lacking
    FROM (
        SELECT 'segment' AS side, type, messages, segment_compared AS compared, segment_differences AS differences,
               segment_lacking AS lacking
        FROM tallies
        WHERE is_inside = 1 AND is_shared = 0 AND in_segment = 1 AND in_ledger + in_customerio > 0
        UNION ALL
        SELECT 'customerio', type, messages, customerio_compared, customerio_differences, customerio_lacking
        FROM tallies
        WHERE is_inside = 1 AND is_shared = 0 AND in_customerio = 1 AND in_ledger + in_segment > 0
        UNION ALL
        SELECT '', type, messages, (segment_compared | customerio_compared), (segment_differences | customerio_differences),
               (segment_lacking | customerio_lacking)
        FROM tallies
        WHERE is_inside = 1 AND is_shared = 0 AND in_ledger + in_segment + in_customerio > 1
    ) AS sides
    CROSS JOIN (
        SELECT 'call_type' AS dimension, 512 AS bit
        UNION ALL SELECT 'event_name', 2
        UNION ALL SELECT 'payload', 1
        UNION ALL SELECT 'user_id', 4
        UNION ALL SELECT 'anonymous_id', 16
        UNION ALL SELECT 'group_id', 32
        UNION ALL SELECT 'object_type', 64
        UNION ALL SELECT 'time', 128
        UNION ALL SELECT 'context', 256
    ) AS dimensions
    WHERE (dimension <> 'event_name' OR type IN ('track', 'page', 'screen'))
      AND (dimension <> 'group_id' OR type IN ('group', 'alias') OR (compared & bit) <> 0)
      AND (dimension <> 'payload' OR type <> 'alias')
      AND (dimension <> 'object_type' OR type = 'group')
) AS answered
GROUP BY dimension, side
ORDER BY dimension, side
