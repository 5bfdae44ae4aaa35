-- How long did messages take? Percentiles (nearest rank), maximum and histogram per side and measure.
-- `delivery` is from the call to the arrival. `clock` is between sending and arrival, each by another clock. An arrival
-- before its call counts as a lag of 0, and in `backwards`.
SELECT side, measure, max(total) AS messages, sum(backwards) AS backwards,
       min(CASE WHEN running * 100 >= total * 50 THEN lag_ms END) AS p50_ms,
       min(CASE WHEN running * 100 >= total * 90 THEN lag_ms END) AS p90_ms,
       min(CASE WHEN running * 100 >= total * 99 THEN lag_ms END) AS p99_ms,
       max(lag_ms) AS max_ms,
       sum(CASE WHEN lag_ms <= 1000 THEN number ELSE 0 END) AS upto_1000,
       sum(CASE WHEN lag_ms > 1000 AND lag_ms <= 10000 THEN number ELSE 0 END) AS upto_10000,
       sum(CASE WHEN lag_ms > 10000 AND lag_ms <= 60000 THEN number ELSE 0 END) AS upto_60000,
       sum(CASE WHEN lag_ms > 60000 AND lag_ms <= 120000 THEN number ELSE 0 END) AS upto_120000,
       sum(CASE WHEN lag_ms > 120000 AND lag_ms <= 600000 THEN number ELSE 0 END) AS upto_600000,
       sum(CASE WHEN lag_ms > 600000 AND lag_ms <= 3600000 THEN number ELSE 0 END) AS upto_3600000,
       sum(CASE WHEN lag_ms > 3600000 AND lag_ms <= 86400000 THEN number ELSE 0 END) AS upto_86400000,
       sum(CASE WHEN lag_ms > 86400000 THEN number ELSE 0 END) AS beyond
FROM (
    SELECT side, measure, lag_ms, number, backwards,
           sum(number) OVER (PARTITION BY side, measure) AS total,
           sum(number) OVER (
               PARTITION BY side, measure ORDER BY lag_ms ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
           ) AS running
    FROM (
        SELECT side, measure, lag_ms, count(*) AS number, sum(is_backwards) AS backwards
        FROM (
            SELECT side, 'delivery' AS measure,
                   CASE WHEN received_at_ms < appended_at_ms THEN 0 ELSE received_at_ms - appended_at_ms END AS lag_ms,
                   CASE WHEN received_at_ms < appended_at_ms THEN 1 ELSE 0 END AS is_backwards
            FROM arrivals
            WHERE appended_at_ms IS NOT NULL
            UNION ALL
            SELECT side, 'clock',
                   CASE WHEN received_at_ms < sent_at_ms THEN sent_at_ms - received_at_ms
                        ELSE received_at_ms - sent_at_ms END,
                   CASE WHEN received_at_ms < sent_at_ms THEN 1 ELSE 0 END
            FROM arrivals
            WHERE sent_at_ms IS NOT NULL
        ) AS measured
        GROUP BY side, measure, lag_ms
    ) AS counted
) AS ranked
GROUP BY side, measure
ORDER BY side, measure
