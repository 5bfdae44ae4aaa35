-- Who has which e-mail address? One row per identity and address: as a trait, or because the id is one. `owner` is the
-- person whom the identity was merged into, if a call says so.
SELECT held.person, held.address, coalesce(merged.owner, held.person) AS owner,
       CASE WHEN persons.shape = 'digest' THEN 1 ELSE 0 END AS is_digest,
       CASE WHEN persons.shape = 'email' THEN 1 ELSE 0 END AS is_address
FROM (
    SELECT person, other AS address FROM links WHERE kind = 'email'
    UNION
    SELECT person, alike FROM persons WHERE shape = 'email' AND alike IS NOT NULL
) AS held
JOIN persons ON persons.person = held.person
LEFT JOIN (SELECT person, min(other) AS owner FROM links WHERE kind = 'merge' GROUP BY person) AS merged
  ON merged.person = held.person
