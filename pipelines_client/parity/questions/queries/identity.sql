-- Whose identity differs? One row per message, with the side that differs from the ledger, if the ledger can tell, and the
-- bits of the identifiers that differ.
SELECT max(place.message_id) AS message_id, type, label AS event, day,
       CASE WHEN in_ledger = 0 OR (fitting & differences & 4) = 0 THEN 'unknown'
            WHEN (segment_differences & customerio_differences & 4) <> 0 THEN 'both'
            WHEN (segment_differences & 4) <> 0 THEN 'segment'
            ELSE 'customerio' END AS side,
       differences & 116 AS identifiers
FROM faulty
CROSS JOIN key_fit
JOIN places AS place ON place.message_key = faulty.message_key AND place.message_check = faulty.message_check
WHERE is_identity = 1
GROUP BY faulty.message_key, faulty.message_check, type, label, day, in_ledger, fitting, differences, segment_differences,
         customerio_differences
ORDER BY message_id
