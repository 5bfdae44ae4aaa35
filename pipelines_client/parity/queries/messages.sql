-- Which messages does the window ask about?
SELECT *
FROM messages_windowed
WHERE is_inside = 1
