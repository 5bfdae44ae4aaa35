-- Which is the newest message of each source that was judged, and how many came after the window?
-- What came after `closes_ms` is not decided yet, and what comes after `ends_ms` is left to the next run.
SELECT max(CASE WHEN is_settled = 1 AND in_ledger = 1 THEN taken_at_ms END) AS ledger_ms,
       max(CASE WHEN is_settled = 1 AND in_segment = 1 THEN taken_at_ms END) AS segment_ms,
       max(CASE WHEN is_settled = 1 AND in_customerio = 1 THEN taken_at_ms END) AS customerio_ms,
       coalesce(sum(is_later), 0) AS later
FROM (
    SELECT in_ledger, in_segment, in_customerio, taken_at_ms,
           CASE WHEN is_inside = 1 AND taken_at_ms < closes_ms THEN 1 ELSE 0 END AS is_settled,
           CASE WHEN taken_at_ms >= windowed.ends_ms THEN 1 ELSE 0 END AS is_later
    FROM messages_windowed AS windowed
    CROSS JOIN closing
) AS placed
