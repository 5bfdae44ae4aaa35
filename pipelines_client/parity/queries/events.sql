-- How did each event fare on each day?
SELECT label AS event, judged.type AS type, judged.day AS day,
       count(*) AS messages,
       sum(in_ledger) AS sent,
       sum(in_segment) AS segment,
       sum(in_customerio) AS customerio,
       sum(is_matched) AS matched,
       coalesce(sum(missing_segment), 0) AS missing_segment,
       coalesce(sum(missing_customerio), 0) AS missing_customerio,
       sum(CASE WHEN coalesce(missing_segment, 0) + coalesce(missing_customerio, 0) + is_drift + is_identity + is_renamed > 0
                THEN 1 ELSE 0 END) AS bad,
       sum(is_drift) AS drift,
       coalesce(sum(is_young), 0) AS too_young,
       sum(is_identity) AS identity,
       sum(is_renamed) AS renamed,
       sum(CASE WHEN segment_rows > 1 THEN segment_rows - 1 ELSE 0 END
           + CASE WHEN customerio_rows > 1 THEN customerio_rows - 1 ELSE 0 END) AS duplicates
FROM judged
LEFT JOIN (
    SELECT message_id,
           sum(CASE WHEN side = 'segment' AND cause NOT IN ('skipped', 'too_young', 'expected') THEN 1 ELSE 0 END)
               AS missing_segment,
           sum(CASE WHEN side = 'customerio' AND cause NOT IN ('skipped', 'too_young', 'expected') THEN 1 ELSE 0 END)
               AS missing_customerio,
           max(CASE WHEN cause = 'too_young' THEN 1 ELSE 0 END) AS is_young
    FROM absences
    GROUP BY message_id
) AS absent ON absent.message_id = judged.message_id
GROUP BY label, judged.type, judged.day
ORDER BY event, type, day
