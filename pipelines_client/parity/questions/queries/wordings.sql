-- Which words do the sources use for a message, and what of it can be compared? One row per set of words; 0 where a
-- source has none.
-- The name is the ledger's, else Segment's, else Customer.io's. A warehouse may have only the value of its column
-- (`order_completed`), or no name: then the other sources name the event, and it does not count as renamed. The bits of
-- `is_reduced` say what a source does not show: 1 is the payload, 2 the name, 4 the identity, 16 the anonymous id, 32 the
-- group or previous id, 64 the object's type, 128 the time, 256 the context, 512 the call type.
-- A side is compared with the ledger where both show a thing (`…_shown`), else with the other side where both exports do
-- (`exports_shown`): a difference is then at both. `…_compared` are all these bits, `…_reworded` those of type and name if
-- they differ, and `…_lacking` those that a row lacks where both sources should show them.
SELECT worded.*,
       segment_compared & 1 AS is_segment_compared, customerio_compared & 1 AS is_customerio_compared,
       CASE WHEN (segment_compared & 4) <> 0 THEN 1 ELSE 0 END AS is_segment_identified,
       CASE WHEN (customerio_compared & 4) <> 0 THEN 1 ELSE 0 END AS is_customerio_identified,
       CASE WHEN is_titled = 1 AND (segment_compared & 2) <> 0 THEN 1 ELSE 0 END AS is_segment_named,
       CASE WHEN is_titled = 1 AND (customerio_compared & 2) <> 0 THEN 1 ELSE 0 END AS is_customerio_named,
       CASE WHEN (segment_reworded & 2) <> 0 THEN 1 ELSE 0 END AS is_segment_renamed,
       CASE WHEN (customerio_reworded & 2) <> 0 THEN 1 ELSE 0 END AS is_customerio_renamed
FROM (
    SELECT ledger_words, segment_words, customerio_words, type, label, day, ledger_event, segment_event, customerio_event,
           is_group_only, is_segment_whole, is_customerio_whole, is_titled, exports_shown, segment_shown, customerio_shown,
           (segment_shown | exports_shown) AS segment_compared, (customerio_shown | exports_shown) AS customerio_compared,
           (segment_lacking | exports_lacking) AS segment_lacking, (customerio_lacking | exports_lacking) AS customerio_lacking,
           (segment_reworded & segment_shown) + (exports_reworded & exports_shown & (1023 - segment_shown)) AS segment_reworded,
           (customerio_reworded & customerio_shown) + (exports_reworded & exports_shown & (1023 - customerio_shown))
               AS customerio_reworded
    FROM (
        SELECT said.ledger_words, said.segment_words, said.customerio_words,
               coalesce(l.type, s.type, c.type) AS type,
               coalesce(l.label, CASE WHEN (s.is_reduced & 2) = 0 THEN s.label END,
                        CASE WHEN (c.is_reduced & 2) = 0 THEN c.label END, s.label, c.label) AS label,
               coalesce(l.day, s.day, c.day, '') AS day,
               l.event AS ledger_event,
               CASE WHEN (s.is_reduced & 2) <> 0 THEN coalesce(l.event, c.event, s.event) ELSE s.event END AS segment_event,
               CASE WHEN (c.is_reduced & 2) <> 0 THEN coalesce(l.event, s.event, c.event) ELSE c.event END
                   AS customerio_event,
               CASE WHEN coalesce(s.identity_kind, c.identity_kind) = 'group' THEN 1 ELSE 0 END AS is_group_only,
               CASE WHEN (s.is_reduced & 1) = 0 THEN 1 ELSE 0 END AS is_segment_whole,
               CASE WHEN (c.is_reduced & 1) = 0 THEN 1 ELSE 0 END AS is_customerio_whole,
               CASE WHEN coalesce(l.type, s.type, c.type) IN ('track', 'page', 'screen') THEN 1 ELSE 0 END AS is_titled,
               coalesce(1015 - ((s.is_reduced | c.is_reduced) & 1015), 0) AS exports_shown,
               coalesce(1015 - ((l.is_reduced | s.is_reduced) & 1015), 0) & fitting AS segment_shown,
               coalesce(1015 - ((l.is_reduced | c.is_reduced) & 1015), 0) & fitting AS customerio_shown,
               coalesce((s.lacking | c.lacking)
                        & (1015 - (((s.is_reduced & 1015) - s.lacking) | ((c.is_reduced & 1015) - c.lacking))), 0)
                   AS exports_lacking,
               coalesce(s.lacking & (1015 - (l.is_reduced & 1015)), 0) AS segment_lacking,
               coalesce(c.lacking & (1015 - (l.is_reduced & 1015)), 0) AS customerio_lacking,
               CASE WHEN s.type <> c.type THEN 512
                    WHEN s.type IN ('track', 'page', 'screen') AND coalesce(s.event, '') <> coalesce(c.event, '') THEN 2
                    ELSE 0 END AS exports_reworded,
               CASE WHEN l.type <> s.type THEN 512
                    WHEN l.type IN ('track', 'page', 'screen') AND coalesce(l.event, '') <> coalesce(s.event, '') THEN 2
                    ELSE 0 END AS segment_reworded,
               CASE WHEN l.type <> c.type THEN 512
                    WHEN l.type IN ('track', 'page', 'screen') AND coalesce(l.event, '') <> coalesce(c.event, '') THEN 2
                    ELSE 0 END AS customerio_reworded
        FROM (
            SELECT ledger_words, segment_words, customerio_words
            FROM messages_joined
            GROUP BY ledger_words, segment_words, customerio_words
        ) AS said
        LEFT JOIN words_known AS l ON l.words = said.ledger_words
        LEFT JOIN words_known AS s ON s.words = said.segment_words
        LEFT JOIN words_known AS c ON c.words = said.customerio_words
        CROSS JOIN key_fit
    ) AS paired
) AS worded
