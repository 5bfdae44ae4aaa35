-- How did each message fare that the window asks about?
SELECT *
FROM messages_windowed
WHERE is_inside = 1
