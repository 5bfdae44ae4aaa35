"""A gzip file that was cut: every line before the cut counts, and the verdict says what is missing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pipelines_client.parity.instants import day_of, unix_ms
from pipelines_client.parity.tables import read_rows


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
