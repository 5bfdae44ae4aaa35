"""Files become rows: how each file format is opened and read, and how damage is reported.

Knows nothing about vendors. To add a format, write a `Format` in a file here and add it to `rows.FORMATS`.
"""
