"""The check sum that ends a line of the ledger. Pure.

A block that is lost in the middle of a file joins the beginning of one line to the end of another. Where both were cut
at the same place, that is a record with every key once; only its sum tells that it was never written.
"""

from __future__ import annotations

from zlib import crc32

_KEY = b',"crc32":'  # in no text of a line: there the quotes are escaped


def closed(fields: bytes) -> bytes:
    """Return a line: a JSON object without its last brace, with the CRC-32 of these bytes as its last key."""
    return b"%b%b%d}\n" % (fields, _KEY, crc32(fields))


def is_intact(line: bytes) -> bool | None:
    """Return whether a line is as it was written; None if it has no sum, as in older versions."""
    fields, key, end = line.rpartition(_KEY)
    return end.rstrip(b" \t\r\n") == b"%d}" % crc32(fields) if key else None
