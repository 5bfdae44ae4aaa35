-- Whom does the list of suppressed people name? One row per line of the list and identity of its person.
-- The list says ids and addresses; an address is also that of the people for whom an identify call has set it.
SELECT line_key, identity
FROM (
    SELECT message_key AS line_key, identity
    FROM traits
    WHERE source = 'suppressed' AND identity IS NOT NULL
    UNION ALL
    SELECT listed.message_key, known.identity
    FROM traits AS listed
    JOIN traits AS known ON known.value_hash = listed.value_hash
    WHERE listed.source = 'suppressed' AND listed.path = 'suppressed.email' AND known.source <> 'suppressed'
          AND known.path = 'email' AND known.identity IS NOT NULL
) AS named
GROUP BY line_key, identity
