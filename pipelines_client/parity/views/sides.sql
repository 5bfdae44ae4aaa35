-- The sides that were given, and the last time that each of them covers.
SELECT 'segment' AS side, segment_watermark_ms AS last_ms
FROM settings
WHERE has_segment = 1
UNION ALL
SELECT 'customerio', customerio_watermark_ms
FROM settings
WHERE has_customerio = 1
