"""What the name of a file says, whatever a download or a packer added to it. Pure.

`tracks.csv.bz2`, `tracks (1).csv` and `tracks.csv.1` are all tables in CSV.
"""

from __future__ import annotations

import re
from functools import lru_cache

PACKED_ENDINGS = (".gz", ".bz2", ".xz", ".lzma")
"""Endings of files that are unpacked while they are read."""

TABLE_ENDINGS = {"csv": (".csv", ".tsv"), "parquet": (".parquet", ".pq")}

_COPY_MARK = re.compile(r"(?: \(\d{1,3}\)| - copy(?: \(\d{1,3}\))?| copy(?: \d{1,3})?)(?=\.|$)", re.IGNORECASE)
_ARCHIVE_FILE = re.compile(r"(?:.*/)?([^/]+)/\d{13}/[^/]+")  # FACTS S8: <source id>/<day in milliseconds>/<file>
_COPY_NUMBER = re.compile(r"\.\d{1,3}$")  # as wget and logrotate write it


def without_copy_mark(name: str) -> str:
    """Return a name without what a browser or a desktop adds to a second copy."""
    return _COPY_MARK.sub("", name)


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """Return a name in lower case, without marks of copies and endings of packers."""
    plain = without_copy_mark(name.lower())
    while True:
        shorter = next((plain.removesuffix(end) for end in PACKED_ENDINGS if plain.endswith(end)), plain)
        shorter = _COPY_NUMBER.sub("", shorter)
        if shorter == plain:
            return plain
        plain = shorter


@lru_cache(maxsize=4096)
def is_table(name: str) -> bool:
    """Return whether the rows of a file of this name are columns, as in CSV and Parquet."""
    return plain_name(name).endswith(tuple(end for ends in TABLE_ENDINGS.values() for end in ends))


@lru_cache(maxsize=4096)
def origin_of(name: str) -> str | None:
    """Return the id of the Segment source in the path of an archive's file; None if the path does not show it."""
    match = _ARCHIVE_FILE.fullmatch(name)
    return None if match is None else match[1]
