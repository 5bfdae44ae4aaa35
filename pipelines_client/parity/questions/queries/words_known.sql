-- What do messages have in common? One row per number of `words`, since packs repeat each other's rows.
-- `lacking` are the bits of what a row should show and does not, which are 4096 times as high in `is_reduced`.
SELECT DISTINCT words, type, event, coalesce(event, type) AS label, day, identity_kind, library, write_key_suffix, origin,
       is_reduced, CAST(is_reduced // 4096 AS BIGINT) AS lacking, leg, outcome, reason
FROM words
