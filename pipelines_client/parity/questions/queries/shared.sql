-- Which ids stand for several calls? One row per message of which a source holds copies that cannot be one call: they
-- differ in two things or more of type or name, payload, identity and time. One thing alone may have been changed on the
-- way, and that is another finding.
SELECT message_key, message_check, min(first_label) AS first_label, max(last_label) AS last_label
FROM (
    SELECT copy.source, copy.message_key, copy.message_check, min(known.label) AS first_label, max(known.label) AS last_label
    FROM facts AS copy
    JOIN (SELECT source, message_key, message_check FROM repeated GROUP BY source, message_key, message_check) AS several
      ON several.source = copy.source AND several.message_key = copy.message_key
         AND several.message_check = copy.message_check
    JOIN words_known AS known ON known.words = copy.words
    GROUP BY copy.source, copy.message_key, copy.message_check
    HAVING CASE WHEN min(known.type) <> max(known.type) OR min(known.event) <> max(known.event) THEN 1 ELSE 0 END
           + CASE WHEN min(copy.payload_hash) <> max(copy.payload_hash) THEN 1 ELSE 0 END
           + CASE WHEN min(copy.identity) <> max(copy.identity) THEN 1 ELSE 0 END
           + CASE WHEN max(CASE WHEN (known.is_reduced & 128) = 0 THEN copy.occurred_at_ms END)
                       - min(CASE WHEN (known.is_reduced & 128) = 0 THEN copy.occurred_at_ms END) > 1000
                  THEN 1 ELSE 0 END >= 2
) AS calls
GROUP BY message_key, message_check
