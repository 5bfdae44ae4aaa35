-- Which ids are probably one person's? One row per collision (`matter`) and id in it.
-- An address that several people have, or an id that is the digest of another id or of its address. A collision is named
-- by its most telling id: one that is a digest, then one that is an address, then any.
SELECT CASE WHEN several.is_digest = 1 THEN 'hashed_id' WHEN several.is_address = 1 THEN 'email_as_id'
            ELSE 'shared_email' END AS kind,
       known.address AS matter, known.person
FROM addresses AS known
JOIN (
    SELECT address, max(is_digest) AS is_digest, max(is_address) AS is_address
    FROM addresses
    GROUP BY address
    HAVING count(DISTINCT owner) > 1
) AS several ON several.address = known.address
UNION ALL
SELECT DISTINCT 'hashed_id' AS kind, matter, person
FROM (
    SELECT matter, digest, digest AS person FROM hashed
    UNION ALL
    SELECT matter, digest, person FROM hashed
) AS matched
WHERE NOT EXISTS (
    SELECT 1
    FROM addresses AS own
    JOIN addresses AS others ON others.address = own.address AND others.owner <> own.owner
    WHERE own.person = matched.digest
)
