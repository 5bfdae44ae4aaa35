"""Passing days in a row → ready or not yet. Pure.

- A day passes if a run of it passed that judged new evidence of every side: messages newer than those that the runs of
  earlier days judged, and not older than `FRESH_DAYS`. The same files passed on seven days are one day's evidence.
- A run's verdict stands until a later run of the same UTC day covers its window. The verdict of a day is the worst that
  stands, so a run over the last hour does not replace a run over the whole day. An inconclusive run stands until any
  later run covers its window and passes: what it could not judge has been judged since.
- A day that fails, a day that is inconclusive and a day without a run each end the row. A day whose runs saw nothing
  new, or no message at all, neither counts nor ends it.
- Only runs count that judged by the same gates and limits, those of the file, and looked at every side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import NamedTuple

from pipelines_client.parity.judgement.runs import Run, is_of
from pipelines_client.parity.model import Readiness, TrendDay, Verdict
from pipelines_client.parity.spell import plural
from pipelines_client.sides import SIDES, TITLES

DAYS_SHOWN = 30

FRESH_DAYS = 2
"""Evidence is of a day if its newest message was taken on that day or on one of so many days before."""

_DAY = timedelta(days=1)


class Criteria(NamedTuple):
    """What a run must have to count: its limits, the sides it looked at, whose ledgers it saw.

    On each side it must have judged messages that were taken at `since` or later.
    """

    limits: str
    sides: Sequence[str] = SIDES
    applications: Collection[str] = ()
    since: str = ""

    def is_alike(self, run: Run) -> bool:
        """Whether a run was judged by the same limits, and saw the ledgers of the same application."""
        return run.gates == self.limits and is_of(run, self.applications)

    def lacking(self, run: Run) -> list[str]:
        """Return the sides that a run did not look at."""
        return [side for side in self.sides if run.sources and side not in run.sources]


class _Day(NamedTuple):
    """A day: whether it passes, and whether it ends a row of passing days."""

    trend: TrendDay
    passes: bool = False
    ends: bool = False


def judge_readiness(
    runs: Sequence[Run], today: date, ready_after_days: int, criteria: Criteria, *, unread_lines: int = 0
) -> Readiness:
    """Count the passing days in a row up to `today`, and how many are left.

    Args:
        runs: All runs that are known; those of later days do not count.
        today: The UTC day. While it has no run it does not end the row.
        ready_after_days: How many passing days in a row make *ready*.
        criteria: What a run must have to count.
        unread_lines: Lines of the history that could not be read.
    """
    known = [run for run in sorted(runs, key=lambda run: run.at) if run.day <= str(today) and not run.is_exploratory]
    days: list[_Day] = []
    row: list[str] = []
    ended: _Day | None = None
    for day in _days(known, today, criteria):
        if ended is not None and len(days) >= DAYS_SHOWN:
            break
        ended = ended or (day if day.ends else None)
        if day.passes and ended is None:
            row.append(day.trend.day)
        days.append(day)
    is_fresh = bool(row) and row[0] >= str(today - _DAY)
    left = max(0 if is_fresh else 1, ready_after_days - len(row))
    return Readiness(
        state="not_yet" if left else "ready",
        passed_days=len(row),
        ready_after_days=ready_after_days,
        days_left=left,
        since=row[-1] if row else None,
        reason=_reason(row, days, ended, left),
        unread_lines=unread_lines,
        trend=tuple(
            day.trend.model_copy(update={"is_in_row": day.trend.day in row}) for day in reversed(days[:DAYS_SHOWN])
        ),
    )


def _days(runs: Sequence[Run], today: date, criteria: Criteria) -> Iterator[_Day]:
    """Judge each day from `today` back to the first run; only as many as the caller takes."""
    by_day: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_day[run.day].append(run)
    newest: dict[str, str] = {}
    seen: dict[str, dict[str, str]] = {}
    for day, of_day in by_day.items():
        seen[day] = dict(newest)
        for run in of_day:
            if criteria.is_alike(run) and run.verdict is not Verdict.INCONCLUSIVE:
                newest |= {side: at for side, at in run.newest.items() if at and at > newest.get(side, "")}
    first = date.fromisoformat(runs[0].day) if runs else today
    alike = [run for run in runs if criteria.is_alike(run)]
    for back in range((today - first).days + 1):
        day = str(today - back * _DAY)
        yield _judge_day(day, by_day.get(day, ()), criteria, seen.get(day, {}), alike, is_over=bool(back))


def _judge_day(
    day: str,
    runs: Sequence[Run],
    criteria: Criteria,
    before: Mapping[str, str],
    all_alike: Sequence[Run],
    *,
    is_over: bool,
) -> _Day:
    if not runs:
        return _Day(_trend(day, None, 0, "no run" if is_over else "no run yet"), ends=is_over)
    alike = [run for run in runs if criteria.is_alike(run)]
    if not alike:
        is_ours = any(is_of(run, criteria.applications) for run in runs)
        note = "other limits were used" if is_ours else "the ledger of this application was not read"
        return _Day(_trend(day, runs[-1], len(runs), note), ends=True)
    standing = [run for run in alike if not _is_replaced(run, all_alike)]
    telling = [run for run in standing if run.messages or run.verdict is Verdict.FAIL]
    whole = [run for run in telling if not criteria.lacking(run)]
    failed = [run for run in telling if run.verdict is Verdict.FAIL]
    ending = failed or [run for run in whole if run.verdict is Verdict.INCONCLUSIVE]
    word = (ending or whole or telling or alike)[-1]
    make = partial(_trend, day, word, len(runs))
    if ending:
        return _Day(make(_broken(word, standing[-1])), ends=True)
    lacking = min((criteria.lacking(run) for run in alike), key=len)
    if lacking:
        return _Day(make(f"{_titles(lacking)} was not looked at"), ends=True)
    stale = min((_stale(run, criteria, before) for run in whole), key=len, default=["no message was judged"])
    return _Day(make(", ".join(stale)), passes=not stale)


def _is_replaced(run: Run, alike: Sequence[Run]) -> bool:
    """Whether a later run says more: one of the same day, or for an inconclusive run one that passed on any day."""
    return any(
        later.at > run.at
        and later.messages
        and later.covers(run)
        and (later.day == run.day or (run.verdict is Verdict.INCONCLUSIVE and later.verdict is Verdict.PASS))
        for later in alike
    )


def _stale(run: Run, criteria: Criteria, before: Mapping[str, str]) -> list[str]:
    """Say of which sides a run judged nothing new."""
    oldest = max(criteria.since, str(date.fromisoformat(run.day) - FRESH_DAYS * _DAY))
    found = []
    for side in criteria.sides:
        newest = run.newest_of(side)
        if newest <= before.get(side, "") or newest < oldest:
            found.append(f"nothing new of {TITLES[side]} since {newest[:10] or 'the beginning'}")
    return found


def _trend(day: str, word: Run | None, runs: int, note: str) -> TrendDay:
    return TrendDay(
        day=day,
        verdict=word.verdict if word else None,
        runs=runs,
        messages=word.messages if word else 0,
        missing_pct=word.missing_pct if word else 0,
        drift_pct=word.drift_pct if word else 0,
        is_in_row=False,
        note=note,
    )


def _broken(word: Run, last: Run) -> str:
    stands = [] if word is last else [f"the run of {word.at[11:16]} stands: no later one covers its window"]
    return "; ".join([*stands, *([", ".join(word.broken)] if word.broken else [])])


def _titles(sides: Collection[str]) -> str:
    return " and ".join(TITLES[side] for side in sides)


def _reason(row: Sequence[str], days: Sequence[_Day], ended: _Day | None, left: int) -> str:
    text = f"{plural(len(row), 'passing day')} in a row"
    if not left:
        return f"{text}, since {row[-1]}"
    latest = days[0].trend
    if ended is None:
        text += ", and the history begins there"
    elif ended.trend.verdict is None:
        text += f": {ended.trend.day} had no run"
    elif ended.trend.verdict is Verdict.PASS:
        text += f": on {ended.trend.day} {ended.trend.note}"
    else:
        text += f": {ended.trend.day} was {ended.trend.verdict.value}"
    if not days[0].passes and not days[0].ends and latest.runs:
        text += f"; on {latest.day} {latest.note}"
    return f"{text}; {left:,} more until ready"
