-- Which messages are in the window?
SELECT *
FROM messages_windowed
WHERE is_inside = 1
