-- Whose identity differs? One row per message, with the side that differs from the others.
SELECT max(place.message_id) AS message_id, type, label AS event, day,
       CASE WHEN segment_identity = 1 AND customerio_identity = 1 THEN 'both'
            WHEN segment_identity = 1 THEN 'segment'
            WHEN customerio_identity = 1 THEN 'customerio'
            ELSE 'unknown' END AS side
FROM faulty
JOIN places AS place ON place.message_key = faulty.message_key AND place.message_check = faulty.message_check
WHERE is_identity = 1
GROUP BY faulty.message_key, faulty.message_check, type, label, day, segment_identity, customerio_identity
ORDER BY message_id
