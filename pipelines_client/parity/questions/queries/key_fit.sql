-- Does the identity key fit the ledger? How many messages have a person there and at a side, and how many the same one.
-- `fitting` are the bits of what can be compared with the ledger: without 4, the identity, if no key is known or if none
-- of the persons is the same.
SELECT compared, same, CASE WHEN knows_identity = 1 AND (compared = 0 OR same > 0) THEN 1023 ELSE 1019 END AS fitting
FROM (
    SELECT coalesce(sum(is_compared), 0) AS compared, coalesce(sum(is_compared * is_same), 0) AS same
    FROM (
        SELECT CASE WHEN segment_identity IS NOT NULL OR customerio_identity IS NOT NULL THEN 1 ELSE 0 END AS is_compared,
               CASE WHEN (segment_identity IS NOT NULL AND (segment_differs & 4) = 0)
                         OR (customerio_identity IS NOT NULL AND (customerio_differs & 4) = 0)
                    THEN 1 ELSE 0 END AS is_same
        FROM messages_joined
        WHERE in_ledger = 1
    ) AS identified
) AS counted
CROSS JOIN settings
