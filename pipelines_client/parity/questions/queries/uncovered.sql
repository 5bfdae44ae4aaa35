-- What does each side lack that a gap in its evidence may hide? Messages by event, slot of time (as in `covered`) and
-- writer as the other export names it. `present` is how many messages of the event the side has anywhere.
SELECT lacked.side, lacked.type, lacked.label, slot, origin, library, write_key_suffix, lacked.count,
       coalesce(CASE WHEN lacked.side = 'segment' THEN segment ELSE customerio END, 0) AS present
FROM (
    SELECT side, attributed.type, attributed.label, place_ms // slot_ms AS slot, origin, library, write_key_suffix,
           count(*) AS count
    FROM attributed
    JOIN causes ON causes.cause = attributed.cause
    LEFT JOIN (SELECT words, origin, library, write_key_suffix FROM words_known) AS writer
      ON writer.words = attributed.copy_words
    CROSS JOIN (SELECT slot_ms FROM settings) AS slots
    WHERE is_unexplained = 1 AND place_ms >= 0
    GROUP BY side, attributed.type, attributed.label, place_ms // slot_ms, origin, library, write_key_suffix
) AS lacked
LEFT JOIN (
    SELECT type, label, sum(in_segment * messages) AS segment, sum(in_customerio * messages) AS customerio
    FROM tallies
    WHERE is_inside = 1
    GROUP BY type, label
) AS named ON named.type = lacked.type AND named.label = lacked.label
ORDER BY side, type, slot, label, origin, library, write_key_suffix
