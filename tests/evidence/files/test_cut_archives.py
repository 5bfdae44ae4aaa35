"""Files that were cut or joined: every line before the cut counts, and the verdict says what is missing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from exports import rewrite
from reading import HEADER, Read, read

from pipelines_client.evidence.files.rows import read_rows
from pipelines_client.evidence.instants import day_of, unix_ms
from pipelines_client.parity.model import Verdict


def rows(count: int) -> bytes:
    return b"".join(json.dumps({"n": n, "text": f"row {n * 7919}"}).encode() + b"\n" for n in range(count))


@pytest.mark.parametrize("kept", [0.3, 0.9, -4])
def test_the_lines_before_the_cut_are_all_read(tmp_path: Path, kept: float) -> None:
    """Also when only the trailer is gone: then all of them."""
    whole = gzip.compress(rows(5_000))
    cut = whole[: int(len(whole) * kept)] if kept > 0 else whole[: int(kept)]
    path = tmp_path / "a.gz"
    path.write_bytes(cut)
    rejected: list[str] = []

    def reject(line: int, reason: str, *, incomplete: bool = False) -> None:
        assert line
        assert incomplete
        rejected.append(reason)

    found = [json.loads(line)["n"] for _, _, line in read_rows(str(path), reject)]
    assert found == list(range(len(found)))
    assert len(found) >= 5_000 * (1 if kept < 0 else kept) * 0.8
    assert len(rejected) == 1
    assert "cut off" in rejected[0]


def test_several_members_are_one_file(tmp_path: Path) -> None:
    """As sealed ledgers and `cat a.gz b.gz` have it, with padding at the end."""
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(rows(3)) + gzip.compress(rows(2)) + b"\0" * 512)

    def reject(line: int, reason: str, *, incomplete: bool = False) -> None:
        raise AssertionError((line, reason, incomplete))

    assert [json.loads(line)["n"] for _, _, line in read_rows(str(path), reject)] == [0, 1, 2, 0, 1]


@pytest.mark.parametrize("odd", ["0001-01-01T00:00:00+01:00", -99_999_999_999, "9999-12-31T23:59:59-05:00", 1e300])
def test_an_instant_that_no_calendar_spells_is_none(odd: Any) -> None:
    """.NET's smallest date with an offset, and numbers beyond all years, stop nothing."""
    assert day_of(unix_ms(odd)) is None


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_plain_file_whose_copy_stopped_is_no_fail(evidence: Any, compare: Any, form: str) -> None:
    """The messages behind the cut are missing from the copy, which says nothing of the vendor."""
    paths = evidence.paths()
    if form == "csv":
        rewrite(paths["customerio"], "csv")
    (file, *_) = sorted(paths["customerio"].iterdir())
    rows = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(rows[:30]) + rows[30][: len(rows[30]) // 3])
    report = compare(paths, is_all=True)
    (gap,) = report.sources["customerio"].incomplete
    assert "the file is cut off here; copy it again" in gap.reason or "a quote is open to the end" in gap.reason
    assert report.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_the_header_of_a_joined_file_is_no_row(tmp_path: Path, mark: bytes) -> None:
    """`cat a.csv b.csv` holds it twice, with the second file's byte order mark or without."""
    found = read(tmp_path / "a.csv", mark + HEADER + b"z1,E,1\n" + mark + HEADER + b"z2,E,1")
    assert found.ids == ["z1", "z2"]
    assert not found.rejected


@pytest.mark.parametrize(("given", "delimiter"), [(b"sep=;\r\n", b";"), (b"\xef\xbb\xbfsep=^\n", b"^")])
def test_the_first_line_that_excel_writes_names_the_delimiter(tmp_path: Path, given: bytes, delimiter: bytes) -> None:
    """It is no header."""
    found = read(tmp_path / "a.csv", given + HEADER.replace(b",", delimiter) + b"z1,E,1\n".replace(b",", delimiter))
    assert json.loads(found.rows[0][2]) == {"id": "z1", "event_text": "E", "received_at": "1"}
    assert not found.rejected


def test_a_header_without_rows_is_an_empty_file(tmp_path: Path) -> None:
    """With or without the end of its line."""
    assert read(tmp_path / "a.csv", HEADER) == read(tmp_path / "a.csv", HEADER.rstrip()) == Read()
