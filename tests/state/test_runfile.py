"""The run file: one model, written and read by name."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import orjson
import pytest

from pipelines_client.state.runfile import LegReport, RunFile, read_run_file, read_run_files

AT = "2026-11-02T12:00:00.000Z"
LEG = LegReport(3, 1, 1, {"http_400": 1}, {}, {}, oldest_pending_at=AT, last_error="http_503", state="paused")
RUN = RunFile({"segment": LEG}, writer="w", pid=7, started_at=AT, updated_at=AT, stage="dual", state="closed")


def test_a_run_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    """The writer and its readers share one model."""
    RUN.write(tmp_path / "w.json")
    assert list(read_run_files(tmp_path)) == [(tmp_path / "w.json", RUN)]
    assert LEG.lag_s(datetime(2026, 11, 2, 12, 0, 5, tzinfo=timezone.utc)) == 5.0


def test_unknown_keys_are_ignored_and_missing_ones_have_a_default(tmp_path: Path) -> None:
    """Processes of two versions share a state directory during a deployment."""
    counts = {"recorded": 1, "pending": 1, "accepted": 0, "rejected": {}, "dropped": {}, "skipped": {}, "new": True}
    (tmp_path / "w.json").write_bytes(orjson.dumps({"legs": {"segment": counts}, "added_later": 1}))
    assert read_run_file(tmp_path / "w.json") == RunFile({"segment": LegReport(1, 1, 0, {}, {}, {})})


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"{}", b'{"legs": []}', b'{"legs": {"segment": {"pending": 1}}}',
        orjson.dumps(RUN).replace(AT.encode(), b"noon"), orjson.dumps(RUN).replace(b'"recorded":3', b'"recorded":"?"'),
    ],
)  # fmt: skip
def test_a_damaged_run_file_is_none_for_every_reader(tmp_path: Path, content: bytes) -> None:
    """Damage is handled in one place."""
    (tmp_path / "w.json").write_bytes(content)
    assert read_run_file(tmp_path / "w.json") is None
    assert read_run_file(tmp_path / "gone.json") is None
