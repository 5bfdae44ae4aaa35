-- Where does a closed window end, and how many messages hold its end back, since when?
SELECT waiting, held_ms, closes_ms, ends_ms
FROM closing
