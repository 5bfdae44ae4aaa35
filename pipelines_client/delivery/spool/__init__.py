"""The durable log of messages that wait: plain files of lines, and one cursor per leg.

Owns its files and their locks. Knows no network, no destination and no stage: `sending` reads, sends and settles.
`Spool` is the contract (append, read, settle); another kind of log is another class that keeps it.
"""
