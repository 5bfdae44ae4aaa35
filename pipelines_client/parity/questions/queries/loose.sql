-- Which ids have events, and nothing says who they are? One row per id.
-- A user id that no identify call has, where at least nine of ten that have events are identified: elsewhere the evidence
-- does not reach back to when people signed up. An anonymous id that no identify call or alias has together with a user
-- id, if the evidence has identify calls. What collides with another id is not listed again.
SELECT CASE WHEN kind = 'anonymous' THEN 'never_merged' ELSE 'never_identified' END AS kind, person AS matter, person
FROM (
    SELECT lone.kind, lone.person,
           sum(CASE WHEN lone.kind <> 'anonymous' THEN 1 ELSE 0 END) OVER () AS unidentified
    FROM persons AS lone
    WHERE lone.events > 0 AND (lone.identifies = 0 OR lone.kind = 'anonymous')
      AND NOT EXISTS (SELECT 1 FROM links WHERE links.kind = 'merge' AND links.person = lone.person)
      AND NOT EXISTS (SELECT 1 FROM crowded WHERE crowded.person = lone.person)
) AS loose
CROSS JOIN (
    SELECT coalesce(sum(CASE WHEN kind <> 'anonymous' AND events > 0 AND identifies > 0 THEN 1 ELSE 0 END), 0) AS identified,
           coalesce(sum(CASE WHEN kind <> 'anonymous' THEN identifies ELSE 0 END), 0) AS identifies
    FROM persons
) AS known
WHERE CASE WHEN kind = 'anonymous' THEN CASE WHEN identifies > 0 THEN 1 ELSE 0 END
           ELSE CASE WHEN unidentified * 9 <= identified THEN 1 ELSE 0 END END = 1
