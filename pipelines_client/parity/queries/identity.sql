-- Whose message is it? One row per message whose identity is not the same everywhere, with who stands alone.
SELECT message_id, type, label AS event, day,
       CASE WHEN segment_identity_differs = 1 AND customerio_identity_differs = 1 THEN 'both'
            WHEN segment_identity_differs = 1 THEN 'segment'
            WHEN customerio_identity_differs = 1 THEN 'customerio'
            ELSE 'unknown' END AS side
FROM judged
WHERE is_identity = 1
ORDER BY message_id
