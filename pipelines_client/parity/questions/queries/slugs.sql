-- Which events are only in a warehouse that has no names? One row per event, under the value of its column `event`
-- (`order_completed`); `is_slug` is 0 if that column is missing too.
SELECT label AS event, CASE WHEN segment_event IS NULL THEN 0 ELSE 1 END AS is_slug, sum(messages) AS count
FROM tallies
JOIN (SELECT words FROM words_known WHERE (is_reduced & 2) <> 0) AS nameless ON nameless.words = segment_words
WHERE type = 'track' AND in_ledger + in_customerio = 0 AND is_inside = 1
GROUP BY label, segment_event
ORDER BY label, segment_event
