-- Which words do the sources use for a message? One row per set of words; 0 where a source has none.
-- The name is the ledger's, else Segment's, else Customer.io's. A warehouse may have only the value of its column
-- (`order_completed`), or no name: then the other sources name the event, and it does not count as renamed. The bits of
-- `is_reduced` say what a source does not show: 1 is the payload, 2 the name, 4 the identity.
SELECT said.ledger_words, said.segment_words, said.customerio_words,
       coalesce(l.type, s.type, c.type) AS type,
       coalesce(l.label, CASE WHEN (s.is_reduced & 2) = 0 THEN s.label END, c.label, s.label) AS label,
       coalesce(l.day, s.day, c.day, '') AS day,
       l.event AS ledger_event,
       CASE WHEN (s.is_reduced & 2) <> 0 THEN coalesce(l.event, c.event, s.event) ELSE s.event END AS segment_event,
       c.event AS customerio_event,
       CASE WHEN coalesce(s.identity_kind, c.identity_kind) = 'group' THEN 1 ELSE 0 END AS is_group_only,
       CASE WHEN (s.is_reduced & 1) = 0 THEN 1 ELSE 0 END AS is_segment_whole,
       CASE WHEN (c.is_reduced & 1) = 0 THEN 1 ELSE 0 END AS is_customerio_whole,
       CASE WHEN (s.is_reduced & 4) = 0 THEN 1 ELSE 0 END AS is_segment_owned,
       CASE WHEN (c.is_reduced & 4) = 0 THEN 1 ELSE 0 END AS is_customerio_owned,
       CASE WHEN coalesce(l.type, s.type, c.type) = 'track' AND (
                    ((s.is_reduced & 2) = 0 AND c.words <> 0 AND coalesce(s.event, '') <> coalesce(c.event, ''))
                 OR (l.words <> 0 AND (s.is_reduced & 2) = 0 AND coalesce(l.event, '') <> coalesce(s.event, ''))
                 OR (l.words <> 0 AND c.words <> 0 AND coalesce(l.event, '') <> coalesce(c.event, '')))
            THEN 1 ELSE 0 END AS is_renamed
FROM (
    SELECT ledger_words, segment_words, customerio_words
    FROM messages_joined
    GROUP BY ledger_words, segment_words, customerio_words
) AS said
LEFT JOIN words_known AS l ON l.words = said.ledger_words
LEFT JOIN words_known AS s ON s.words = said.segment_words
LEFT JOIN words_known AS c ON c.words = said.customerio_words
