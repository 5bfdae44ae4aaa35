-- How did each message fare? One row per message: matched everywhere, or what is wrong with it.
SELECT messages.*,
       CASE WHEN exports_drift + segment_drift + customerio_drift > 0 THEN 1 ELSE 0 END AS is_drift,
       CASE WHEN exports_identity + segment_identity_differs + customerio_identity_differs > 0 THEN 1 ELSE 0 END
           AS is_identity,
       CASE WHEN is_segment_whole + is_customerio_whole + in_ledger < 2 THEN 0 ELSE 1 END AS is_compared,
       CASE WHEN (has_segment = 0 OR in_segment = 1) AND (has_customerio = 0 OR in_customerio = 1)
                 AND in_segment + in_customerio + in_ledger >= 2
                 AND exports_drift + segment_drift + customerio_drift = 0
                 AND exports_identity + segment_identity_differs + customerio_identity_differs = 0
                 AND is_renamed = 0
            THEN 1 ELSE 0 END AS is_matched
FROM messages
