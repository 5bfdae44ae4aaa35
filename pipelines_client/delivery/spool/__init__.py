"""The durable log of messages that wait, with one cursor for each leg. Knows files and SQLite, and no destination."""
