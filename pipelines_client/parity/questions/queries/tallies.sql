-- How many messages are alike? One row per set of words and result of the comparison, with one message.
-- Most questions read these few rows instead of messages.
SELECT counted.*, type, label, day, ledger_event, segment_event, customerio_event, is_segment_whole, is_customerio_whole,
       is_segment_owned, is_customerio_owned
FROM (
    SELECT ledger_words, segment_words, customerio_words, in_ledger, in_segment, in_customerio, is_inside,
           is_compared, is_matched, is_drift, is_identity, is_renamed,
           count(*) AS messages, sum(ledger_rows) AS ledger_rows, sum(ledger_repeats) AS ledger_repeats,
           sum(segment_rows) AS segment_rows, sum(customerio_rows) AS customerio_rows, min(message_key) AS message_key
    FROM messages_windowed
    GROUP BY ledger_words, segment_words, customerio_words, in_ledger, in_segment, in_customerio, is_inside,
             is_compared, is_matched, is_drift, is_identity, is_renamed
) AS counted
JOIN wordings
  ON wordings.ledger_words = counted.ledger_words AND wordings.segment_words = counted.segment_words
     AND wordings.customerio_words = counted.customerio_words
