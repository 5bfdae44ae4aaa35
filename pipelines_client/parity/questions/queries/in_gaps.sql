-- How many messages may lie in each gap, and when was the first of them taken? Counts by the rows of `gaps`.
SELECT gaps.side, gaps.type, gaps.from_ms, count(*) AS count, min(taken_at_ms) AS first_ms
FROM gaps
JOIN attributed
  ON attributed.side = gaps.side AND attributed.type = gaps.type AND place_ms >= gaps.from_ms AND place_ms < gaps.until_ms
JOIN causes ON causes.cause = attributed.cause
WHERE is_hidden = 1
GROUP BY gaps.side, gaps.type, gaps.from_ms
ORDER BY side, type, from_ms
