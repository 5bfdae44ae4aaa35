"""The same bytes under two names are one file, however each was packed."""

from __future__ import annotations

import gzip

import pytest

from pipelines_client.evidence.kinds.segment_archive import SegmentArchive
from pipelines_client.evidence.kinds.table import Table
from pipelines_client.evidence.listing import list_files

LINES = b"".join(b'{"type":"track","messageId":"m%d"}\n' % number for number in range(2000))


@pytest.mark.parametrize(
    ("first", "second", "again"),
    [
        (("a.gz", gzip.compress(LINES)), ("a (1).gz", gzip.compress(LINES)), "a (1).gz (as a.gz)"),
        (("a.gz", gzip.compress(LINES, 1)), ("b.gz", gzip.compress(LINES, 9)), "b.gz (as a.gz)"),
        (("a.gz", gzip.compress(LINES)), ("a", LINES), "a.gz (as a)"),
        (("a.json", LINES), ("copy of a.json", LINES), "copy of a.json (as a.json)"),
    ],
)
def test_a_copy_is_read_once_and_named(tmp_path, first, second, again):
    """Whichever way it came about; the vendor sent nothing twice."""
    for name, content in (first, second):
        (tmp_path / name).write_bytes(content)
    listing = list_files(SegmentArchive, [str(tmp_path)])
    assert len(listing.files) == 1
    assert listing.notes == (f"1 file repeats the bytes of another file and is read once: {again}",)


def test_files_that_differ_in_the_middle_are_two(tmp_path):
    """Of one size, with the same beginning and the same end."""
    middle = LINES.index(b"m1000")
    for name, content in (("a.json", LINES), ("a (1).json", LINES[:middle] + b"n" + LINES[middle + 1 :])):
        (tmp_path / name).write_bytes(content)
    listing = list_files(SegmentArchive, [str(tmp_path)])
    assert (len(listing.files), listing.notes) == (2, ())


def test_counts_are_copies_only_if_their_names_say_so(tmp_path):
    """Two shops may have sold the same number of things on a day."""
    for name in ("a.csv", "a (1).csv", "b.csv"):
        (tmp_path / name).write_bytes(b"event,day,count\nLogin,2026-11-02,5\n")
    listing = list_files(Table, [str(tmp_path)], holds_counts=True)
    assert [file.name for file in listing.files] == ["a.csv", "b.csv"]
