-- Which ids are the digest of another id, or of an address? One row per such id and identity that it is a digest of.
-- Ids that a call merges into another are left out.
SELECT DISTINCT hashed.alike AS matter, hashed.person AS digest, raw.person
FROM persons AS hashed
JOIN (
    SELECT person, md5 AS digest FROM persons WHERE md5 IS NOT NULL
    UNION ALL
    SELECT person, sha1 FROM persons WHERE sha1 IS NOT NULL
    UNION ALL
    SELECT person, sha256 FROM persons WHERE sha256 IS NOT NULL
    UNION ALL
    SELECT person, md5 FROM links WHERE md5 IS NOT NULL
    UNION ALL
    SELECT person, sha1 FROM links WHERE sha1 IS NOT NULL
    UNION ALL
    SELECT person, sha256 FROM links WHERE sha256 IS NOT NULL
) AS raw ON raw.digest = hashed.alike AND raw.person <> hashed.person
WHERE hashed.shape = 'digest' AND NOT EXISTS (SELECT 1 FROM links WHERE kind = 'merge' AND links.person = hashed.person)
