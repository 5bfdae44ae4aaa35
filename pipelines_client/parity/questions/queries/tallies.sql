-- How many messages are alike? One row per set of words and result of the comparison, with one message.
-- Most questions read these few rows instead of messages. `is_segment_bad` and `is_customerio_bad` messages are at the
-- side and differ there, or their id is of several calls; `same` ones are there, their payload was compared, and nothing of
-- them differs.
SELECT counted.*, type, label, day, ledger_event, segment_event, customerio_event, is_segment_whole, is_customerio_whole,
       is_segment_compared, is_customerio_compared, is_segment_identified, is_customerio_identified, is_segment_named,
       is_customerio_named, is_segment_renamed * (1 - is_shared) AS is_segment_renamed,
       is_customerio_renamed * (1 - is_shared) AS is_customerio_renamed,
       segment_compared, customerio_compared,
       CASE WHEN is_segment_compared + is_customerio_compared > 0 THEN 1 ELSE 0 END AS is_compared,
       CASE WHEN segment_differences > 0 OR is_shared * in_segment = 1 THEN 1 ELSE 0 END AS is_segment_bad,
       CASE WHEN customerio_differences > 0 OR is_shared * in_customerio = 1 THEN 1 ELSE 0 END AS is_customerio_bad
FROM (
    SELECT ledger_words, segment_words, customerio_words, is_inside, is_shared, segment_differences, customerio_differences,
           segment_lacking, customerio_lacking, max(segment_drift) AS segment_drift, max(customerio_drift) AS customerio_drift,
           max(segment_identity) AS segment_identity, max(customerio_identity) AS customerio_identity,
           max(in_ledger) AS in_ledger, max(in_segment) AS in_segment, max(in_customerio) AS in_customerio,
           max(is_matched) AS is_matched, max(is_drift) AS is_drift, max(is_identity) AS is_identity,
           max(is_renamed) AS is_renamed, sum(is_cured) AS cured,
           count(*) AS messages, sum(ledger_rows) AS ledger_rows, sum(ledger_repeats) AS ledger_repeats,
           sum(segment_rows) AS segment_rows, sum(customerio_rows) AS customerio_rows, min(message_key) AS message_key
    FROM messages_windowed
    GROUP BY ledger_words, segment_words, customerio_words, is_inside, is_shared, segment_differences, customerio_differences,
             segment_lacking, customerio_lacking
) AS counted
JOIN wordings
  ON wordings.ledger_words = counted.ledger_words AND wordings.segment_words = counted.segment_words
     AND wordings.customerio_words = counted.customerio_words
