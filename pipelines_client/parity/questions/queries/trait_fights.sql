-- Which trait do two writers overwrite in turn? Counts of the times that a writer restores its value over another's.
-- By time of receipt at a side, for one person and trait: A writes x, B writes y, A writes x again. A writer is a
-- library of any version. Rows with the same time of receipt, or without one, have no order and are left out.
SELECT finding.side, finding.event, finding.type, finding.day, finding.count, max(place.message_id) AS message_id,
       max(CASE WHEN place.source = 'segment' THEN place.file END) AS segment_file,
       max(CASE WHEN place.source = 'segment' THEN place.line END) AS segment_line,
       max(CASE WHEN place.source = 'segment' THEN place.byte_offset END) AS segment_offset,
       max(CASE WHEN place.source = 'customerio' THEN place.file END) AS customerio_file,
       max(CASE WHEN place.source = 'customerio' THEN place.line END) AS customerio_line,
       max(CASE WHEN place.source = 'customerio' THEN place.byte_offset END) AS customerio_offset,
       finding.path, finding.library, finding.other
FROM (
    SELECT fought.source AS side, judged.label AS event, judged.type, judged.day, fought.path, fought.library,
           fought.other, count(*) AS count, min(fought.message_key) AS message_key
    FROM (
        SELECT source, message_key, message_check, path, value_hash, library, at_ms,
               lag(library, 1) OVER (PARTITION BY source, identity, path ORDER BY at_ms, message_key, value_hash) AS other,
               lag(value_hash, 1) OVER (PARTITION BY source, identity, path ORDER BY at_ms, message_key, value_hash)
                   AS other_hash,
               lag(library, 2) OVER (PARTITION BY source, identity, path ORDER BY at_ms, message_key, value_hash)
                   AS earlier,
               lag(value_hash, 2) OVER (PARTITION BY source, identity, path ORDER BY at_ms, message_key, value_hash)
                   AS earlier_hash,
               lag(at_ms, 1) OVER (PARTITION BY source, identity, path ORDER BY at_ms, message_key, value_hash)
                   AS other_at_ms,
               lag(at_ms, 2) OVER (PARTITION BY source, identity, path ORDER BY at_ms, message_key, value_hash)
                   AS earlier_at_ms
        FROM (
            SELECT trait.source, trait.message_key, trait.message_check, trait.identity, trait.path, trait.value_hash, trait.library,
                   min(trait.received_at_ms) AS at_ms
            FROM traits AS trait
            JOIN (
                SELECT several.source, several.identity, several.path
                FROM traits AS several
                JOIN (
                    SELECT source FROM traits WHERE library IS NOT NULL GROUP BY source
                    HAVING min(library) <> max(library)
                ) AS crowded ON crowded.source = several.source
                WHERE several.library IS NOT NULL AND several.identity IS NOT NULL
                GROUP BY several.source, several.identity, several.path
                HAVING min(several.library) <> max(several.library) AND min(several.value_hash) <> max(several.value_hash)
            ) AS contested
              ON contested.source = trait.source AND contested.identity = trait.identity AND contested.path = trait.path
            WHERE trait.library IS NOT NULL AND trait.received_at_ms IS NOT NULL
            GROUP BY trait.source, trait.message_key, trait.message_check, trait.identity, trait.path, trait.value_hash,
                     trait.library
        ) AS written
    ) AS fought
    JOIN judged ON judged.message_key = fought.message_key AND judged.message_check = fought.message_check
    WHERE fought.library = fought.earlier AND fought.library <> fought.other
      AND fought.value_hash = fought.earlier_hash AND fought.value_hash <> fought.other_hash
      AND fought.earlier_at_ms < fought.other_at_ms AND fought.other_at_ms < fought.at_ms
    GROUP BY fought.source, judged.label, judged.type, judged.day, fought.path, fought.library, fought.other
) AS finding
JOIN places AS place ON place.message_key = finding.message_key
GROUP BY finding.side, finding.event, finding.type, finding.day, finding.path, finding.library, finding.other,
         finding.count, finding.message_key
ORDER BY finding.side, finding.path, finding.library, finding.other, finding.event, finding.type, finding.day
