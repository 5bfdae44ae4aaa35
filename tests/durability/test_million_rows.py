"""A million rows of a backfill: each arrives, within the memory that is promised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.bench import Bench
from benchmarks.server import Server
from benchmarks.subjects import OURS_DISK

ROWS, MOST_MEMORY_MB = 1_000_000, 300


@pytest.mark.soak
def test_a_million_rows_arrive_in_bounded_memory(tmp_path: Path, say: Any) -> None:
    """What is chosen is on disk, and what waits is bounded."""
    with Server() as server:
        result = Bench(server, tmp_path).run("backfill", OURS_DISK, ROWS)
    (arrived,) = result["arrived"]
    say(
        f"{ROWS:,} rows in {result['wall_s']:.0f} s, {result['cpu_s']:.0f} s of CPU, {result['peak_mb']:.0f} MB at most"
    )
    assert (arrived["distinct"], arrived["messages"]) == (ROWS, ROWS)
    assert result["peak_mb"] < MOST_MEMORY_MB
