-- Which messages does a side lack, and why? One row per message and side: as in `attributed`, or `in_gap` where the side's
-- evidence has a gap that may hide the message.
SELECT message_key, message_check, is_wrong, found.side, found.type, label, day, message_at_ms, in_ledger, copy_words,
       CASE WHEN gaps.side IS NULL THEN found.cause ELSE 'in_gap' END AS cause, reason
FROM attributed AS found
JOIN causes ON causes.cause = found.cause
LEFT JOIN gaps
  ON causes.is_hidden = 1 AND gaps.side = found.side AND gaps.type = found.type
     AND place_ms >= gaps.from_ms AND place_ms < gaps.until_ms
