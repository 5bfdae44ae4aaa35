"""The history is appended to and never changed; what it says of readiness is said day by day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from evidence import START, Evidence

from pipelines_client.errors import SourceError
from pipelines_client.parity import ParityOptions, append_run, read_history, run_parity
from pipelines_client.parity.judgement.readiness import DAYS_SHOWN, judge_readiness
from pipelines_client.parity.judgement.runs import History, Run, run_of
from pipelines_client.parity.model import Verdict

P, F, I = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE  # noqa: E741 - as a row of days reads best
MONDAY = date(2026, 11, 2)
AT_ONCE, EACH = 4, 25


def run(
    day: int,
    verdict: Verdict = P,
    *,
    hour: int = 8,
    since: str | None = None,
    until: str | None = None,
    gates: str = "g",
) -> Run:
    """Return a run of the so-and-so-manieth day."""
    return Run(
        at=f"{MONDAY + timedelta(days=day)}T{hour:02}:00:00.000Z",
        verdict=verdict,
        since=since,
        until=until,
        gates=gates,
        messages=500,
        missing_pct=0,
        drift_pct=0,
        broken=() if verdict is P else ("drift",),
    )


def ready(*runs: Run, after: int = 3):
    return judge_readiness(History(runs[:-1]), runs[-1], after)


def verdicts(readiness):
    return [day.verdict for day in readiness.trend]


@pytest.mark.parametrize(
    ("runs", "passed", "left"),
    [
        ([run(0)], 1, 2),
        ([run(0), run(1), run(2)], 3, 0),
        ([run(0), run(1), run(2), run(3)], 4, 0),
        ([run(0), run(1), run(2), run(3, F)], 0, 3),
        ([run(0), run(1), run(2, I), run(3)], 1, 2),
        ([run(0), run(1), run(3)], 1, 2),
        ([run(0), run(1), run(1, hour=9), run(2)], 3, 0),
        ([run(0, gates="lenient"), run(1), run(2)], 2, 1),
        ([run(2), run(0), run(1), run(2, hour=9)], 3, 0),
        ([run(4), run(0), run(1), run(2)], 3, 0),
    ],
    ids=[
        "one", "three", "four", "fails today", "an inconclusive day", "a day without a run", "two runs in a day",
        "other limits", "lines out of order", "a line from the future",
    ],
)  # fmt: skip
def test_only_passing_days_in_a_row_count(runs, passed, left):
    """A day that fails, that is inconclusive, that nobody looked at or that was judged otherwise ends the row."""
    found = ready(*runs)
    assert (found.passed_days, found.days_left, found.state) == (passed, left, "not_yet" if left else "ready")
    assert [day.is_in_row for day in found.trend] == [False] * (len(found.trend) - passed) + [True] * passed
    assert found.since == (found.trend[-passed].day if passed else None)


def test_a_later_run_takes_back_an_earlier_one_of_the_day_if_it_covers_its_window():
    """Repaired and looked at again is repaired; looked at the last hour only is not."""
    day = {"since": "2026-11-01T08", "until": "2026-11-02T08"}
    assert verdicts(ready(run(0, F, **day), run(0, P, hour=9, since="2026-11-01T08", until=None))) == [P]
    assert verdicts(ready(run(0, F, **day), run(0, P, hour=9))) == [P]
    for since, until in (("2026-11-02T07", None), ("2026-11-01T08", "2026-11-02T07")):
        found = ready(run(0, F, **day), run(0, P, hour=9, since=since, until=until))
        assert verdicts(found) == [F]
        assert found.passed_days == 0
        assert found.trend[-1].note == "the run of 08:00 stands: no later one covers its window; drift"
    assert verdicts(ready(run(0, P, **day), run(0, F, hour=9))) == [F]
    assert verdicts(ready(run(0, F), run(0, I, hour=9))) == [I]


def test_the_reason_says_what_ended_the_row_and_how_much_is_left():
    """In words for a manager."""
    assert ready(run(0), run(1)).reason == "2 passing days in a row, and the history begins there; 1 more until ready"
    assert ready(run(0), run(2)).reason == "1 passing day in a row: 2026-11-03 had no run; 2 more until ready"
    assert ready(run(0), run(1, F)).reason == "0 passing days in a row: 2026-11-03 was fail; 3 more until ready"
    assert ready(run(0, gates="x"), run(1)).reason == (
        "1 passing day in a row: 2026-11-02 was judged by other gates; 2 more until ready"
    )
    assert ready(run(0), run(1), run(2)).reason == "3 passing days in a row, since 2026-11-02"


def test_the_trend_is_of_the_last_days_and_the_row_may_be_longer():
    """A row of forty days is forty."""
    found = ready(*map(run, range(40)), after=35)
    assert (found.state, found.passed_days, len(found.trend)) == ("ready", 40, DAYS_SHOWN)
    assert found.since == "2026-11-02"


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """A few messages that match."""
    return Evidence(tmp_path_factory.mktemp("evidence"), count=120).paths()


@pytest.fixture(scope="module")
def report(paths):
    """The first report of a history."""
    return run_parity(paths, ParityOptions(history=History()), now=START)


def test_runs_at_one_time_append_whole_lines(report, tmp_path):
    """However many there are, and none is lost."""
    path = tmp_path / "history.jsonl"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda _: append_run(path, report), range(AT_ONCE * EACH)))
    found = read_history(path)
    assert (len(found.runs), found.unread_lines) == (AT_ONCE * EACH, 0)
    assert set(found.runs) == {run_of(report)}


def test_a_torn_last_line_is_counted_and_the_next_one_stands_alone(report, tmp_path):
    """A kill in the middle of a line costs that line; what is there is never changed."""
    path = tmp_path / "history.jsonl"
    append_run(path, report)
    torn = path.read_bytes() + path.read_bytes()[:50]
    path.write_bytes(torn)
    assert read_history(path) == History((run_of(report),), 1)
    append_run(path, report)
    assert path.read_bytes().startswith(torn)
    found = read_history(path)
    assert found == History((run_of(report),) * 2, 1)
    assert judge_readiness(found, run_of(report), 3).unread_lines == 1


def test_a_line_of_a_later_version_is_read(report, tmp_path):
    """More keys are no reason to forget a day; what is not there yet is empty, and a folder is an error."""
    path = tmp_path / "history.jsonl"
    append_run(path, report)
    path.write_bytes(path.read_bytes().replace(b"{", b'{"mood": "fine", ', 1))
    assert len(read_history(path).runs) == 1
    assert read_history(tmp_path / "none.jsonl") == History()
    with pytest.raises(SourceError, match="--no-history keeps none"):
        read_history(tmp_path)


def test_a_report_knows_its_own_day_and_without_history_says_nothing(report, paths):
    """The run that is being made is the last of the row; other sources or limits are another yardstick."""
    assert (report.readiness.passed_days, report.readiness.days_left) == (1, 6)
    fewer = run_parity({name: paths[name] for name in ("segment", "customerio")}, ParityOptions(), now=START)
    assert fewer.readiness is None
    lenient = report.model_copy(update={"gates": tuple(replace(gate, limit=50.0) for gate in report.gates)})
    assert len({run_of(one).gates for one in (report, fewer, lenient)}) == 3
