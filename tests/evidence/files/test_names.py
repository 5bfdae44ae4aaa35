"""What the name of a file says, whatever was added to it."""

from __future__ import annotations

import pytest

from pipelines_client.evidence.files.names import is_table, plain_name, without_copy_mark


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("tracks.csv", "tracks.csv"),
        ("Tracks.CSV.gz", "tracks.csv"),
        ("tracks (1).csv", "tracks.csv"),
        ("tracks.csv (12).gz", "tracks.csv"),
        ("tracks - Copy.csv", "tracks.csv"),
        ("tracks - Copy (2).csv", "tracks.csv"),
        ("tracks copy 2.csv", "tracks.csv"),
        ("tracks.csv.1", "tracks.csv"),
        ("tracks.csv.gz.1", "tracks.csv"),
        ("tracks.csv.bz2", "tracks.csv"),
        ("t.parquet.xz", "t.parquet"),
        ("2184.13699.1.track.json", "2184.13699.1.track.json"),
        ("1772409600000.b285ba30", "1772409600000.b285ba30"),
        ("a (b).json", "a (b).json"),
    ],
)
def test_marks_of_copies_and_packers_are_left_out(name, plain):
    """And nothing else."""
    assert plain_name(name) == plain


def test_a_mark_alone_is_left_out_of_a_name_that_a_reader_needs():
    """The case and the endings stay."""
    assert without_copy_mark("2184.13699.1.Screen (1).json.gz") == "2184.13699.1.Screen.json.gz"


@pytest.mark.parametrize(("name", "is_one"), [("a/t.csv.1", True), ("t.pq", True), ("t.json", False), ("t", False)])
def test_tables_are_known_by_their_plain_names(name, is_one):
    """Their cells hold text."""
    assert is_table(name) == is_one
