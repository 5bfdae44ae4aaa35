-- What does each identify call say: of whom, of when, when did it come, and from where? One row per message.
-- Its time is the ledger's, else that of an export that shows the one that was sent. It came when Customer.io received
-- it, else Segment, else when an API had answered. The writer is the host that the ledger names, else the library.
SELECT message_key, message_check,
       coalesce(max(CASE WHEN source = 'customerio' THEN identity END), max(CASE WHEN source = 'segment' THEN identity END),
                max(identity)) AS person,
       coalesce(max(CASE WHEN source = 'ledger' THEN at_ms END), max(CASE WHEN source = 'segment' THEN at_ms END),
                max(at_ms)) AS at_ms,
       coalesce(min(CASE WHEN source = 'customerio' THEN order_ms END), min(CASE WHEN source = 'segment' THEN order_ms END),
                min(order_ms)) AS order_ms,
       coalesce(max(CASE WHEN source = 'ledger' THEN writer END), max(CASE WHEN source = 'segment' THEN writer END),
                max(writer), '') AS writer,
       max(traits) AS traits
FROM edits
GROUP BY message_key, message_check
