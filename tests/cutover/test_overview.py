"""The overview of a state directory and its history."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage_files import NOW, make_desk, run_line

from pipelines_client.cutover.overview import look


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A stage file at `dual`, and an idle state directory."""
    return make_desk(tmp_path)


@pytest.mark.parametrize(
    ("runs", "days", "words"),
    [
        ((), 0, "no parity report yet"),
        ((("2026-12-07T23:00:00.000Z", "pass"), ("2026-12-08T08:00:00.000Z", "pass")), 0, "no parity report yet"),
        ((("2026-12-09T06:00:00.000Z", "pass"), ("2026-12-10T06:00:00.000Z", "pass")), 2, ""),
        ((("2026-12-09T06:00:00.000Z", "pass"), ("2026-12-10T06:00:00.000Z", "inconclusive")), 0, "inconclusive"),
        ((("2026-12-09T06:00:00.000Z", "fail"), ("2026-12-10T06:00:00.000Z", "pass")), 1, "fail"),
        ((("2026-12-08T12:00:00.000Z", "pass"),), 0, "the last parity report is of 2026-12-08"),
    ],
)
def test_passing_days_count_since_the_stage_began_and_up_to_now(
    desk: Path, runs: tuple[tuple[str, str], ...], days: int, words: str
) -> None:
    """What passed at an earlier stage, and what passed long ago, opens no gate."""
    history = desk / "history.jsonl"
    history.write_text("".join(run_line(*run) for run in runs))
    found = look(desk / "stage.toml", [desk / "state"], history, now=NOW)
    assert found.situation.passing.days == days
    assert words in found.situation.passing.reason
    assert (found.obstacles == ()) == (days == 2)
