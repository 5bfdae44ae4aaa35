-- How many messages of each event, on each day, were sent, received, missing or different?
SELECT event, type, day,
       sum(messages) AS messages,
       sum(sent) AS sent,
       sum(segment) AS segment,
       sum(customerio) AS customerio,
       sum(matched) AS matched,
       sum(compared) AS compared,
       sum(missing_segment) AS missing_segment,
       sum(missing_customerio) AS missing_customerio,
       sum(proven_segment) AS proven_segment,
       sum(proven_customerio) AS proven_customerio,
       sum(young_segment) AS young_segment,
       sum(young_customerio) AS young_customerio,
       sum(bad) AS bad,
       sum(drift) AS drift,
       sum(too_young) AS too_young,
       sum(identity) AS identity,
       sum(renamed) AS renamed,
       sum(duplicates) AS duplicates
FROM (
    SELECT label AS event, type, day,
           messages,
           in_ledger * messages AS sent,
           in_segment * messages AS segment,
           in_customerio * messages AS customerio,
           is_matched * messages AS matched,
           is_compared * messages AS compared,
           0 AS missing_segment,
           0 AS missing_customerio,
           0 AS proven_segment,
           0 AS proven_customerio,
           0 AS young_segment,
           0 AS young_customerio,
           CASE WHEN is_drift + is_identity + is_renamed > 0 THEN messages ELSE 0 END AS bad,
           is_drift * messages AS drift,
           0 AS too_young,
           is_identity * messages AS identity,
           is_renamed * messages AS renamed,
           segment_rows - in_segment * messages + customerio_rows - in_customerio * messages AS duplicates
    FROM tallies
    WHERE is_inside = 1
    UNION ALL
    SELECT label, type, day,
           0, 0, 0, 0, 0, 0,
           missing_segment,
           missing_customerio,
           proven_segment,
           proven_customerio,
           young_segment,
           young_customerio,
           CASE WHEN missing_segment + missing_customerio > 0 AND is_wrong = 0 THEN 1 ELSE 0 END,
           0,
           CASE WHEN young_segment + young_customerio > 0 THEN 1 ELSE 0 END,
           0, 0, 0
    FROM (
        SELECT message_key, message_check, label, type, day, is_wrong,
               sum(CASE WHEN side = 'segment' THEN is_loss ELSE 0 END) AS missing_segment,
               sum(CASE WHEN side = 'customerio' THEN is_loss ELSE 0 END) AS missing_customerio,
               sum(CASE WHEN side = 'segment' THEN is_proven ELSE 0 END) AS proven_segment,
               sum(CASE WHEN side = 'customerio' THEN is_proven ELSE 0 END) AS proven_customerio,
               sum(CASE WHEN side = 'segment' AND absences.cause = 'too_young' THEN 1 ELSE 0 END) AS young_segment,
               sum(CASE WHEN side = 'customerio' AND absences.cause = 'too_young' THEN 1 ELSE 0 END) AS young_customerio
        FROM absences
        JOIN causes ON causes.cause = absences.cause
        GROUP BY message_key, message_check, label, type, day, is_wrong
    ) AS absent
) AS counted
GROUP BY event, type, day
ORDER BY event, type, day
