-- What do messages have in common? One row per number of `words`, since packs repeat each other's rows.
SELECT DISTINCT words, type, event, coalesce(event, type) AS label, day, identity_kind, library, write_key_suffix, is_reduced,
       leg, outcome, reason
FROM words
