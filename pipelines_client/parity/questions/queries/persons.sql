-- Who are the people of the exports, and how many identify calls and events has each? One row per identity. A ledger is
-- asked only where there is no export: it knows neither ids nor addresses.
-- What both exports have is counted once.
SELECT person, max(kind) AS kind, max(shape) AS shape, max(alike) AS alike, max(md5) AS md5, max(sha1) AS sha1,
       max(sha256) AS sha256, max(identifies) AS identifies, max(events) AS events
FROM (
    SELECT source, person, max(kind) AS kind, max(shape) AS shape, max(alike) AS alike, max(md5) AS md5,
           max(sha1) AS sha1, max(sha256) AS sha256, sum(identifies) AS identifies, sum(events) AS events
    FROM people
    CROSS JOIN settings
    WHERE source <> 'ledger' OR (has_segment = 0 AND has_customerio = 0)
    GROUP BY source, person
) AS of_source
GROUP BY person
