"""The APIs that messages are sent to: one file for each vendor.

Owns hosts, keys, headers, limits and the meaning of answers; sends nothing and knows no message. To add a vendor, write
its `Destination` in a file here, add a line to `VENDORS` in `registry.py` and its settings to `config.py`.
"""
