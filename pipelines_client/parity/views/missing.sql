-- Messages that a side lacks: one row per message and side, with the cause.
SELECT side, max(place.message_id) AS message_id, type, label AS event, message_at_ms AS happened_ms, day, cause, reason
FROM absences
JOIN places AS place ON place.message_key = absences.message_key AND place.message_check = absences.message_check
GROUP BY absences.message_key, absences.message_check, side, type, label, message_at_ms, day, cause, reason
