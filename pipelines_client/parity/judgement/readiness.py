"""Passing days in a row → ready or not yet. Pure.

- A run's verdict stands until a later run of the same UTC day covers its window. The verdict of a day is the worst that
  stands, so a run over the last hour does not replace a run over the whole day.
- A day that fails, a day that is inconclusive and a day without a run each end the row.
- Only runs with the same gates and limits count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from pipelines_client.parity.judgement.runs import History, Run
from pipelines_client.parity.model import Readiness, TrendDay, Verdict
from pipelines_client.parity.spell import plural

DAYS_SHOWN = 30

_WORST_FIRST = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)


def judge_readiness(history: History, now: Run, ready_after_days: int) -> Readiness:
    """Count the passing days in a row that end today, and how many are left.

    Args:
        history: The runs before; runs later than `now` do not count.
        now: This run, which is not in the history yet.
        ready_after_days: How many passing days in a row make *ready*.
    """
    by_day: dict[str, list[Run]] = defaultdict(list)
    for run in (*sorted((run for run in history.runs if run.at <= now.at), key=lambda run: run.at), now):
        by_day[run.day].append(run)
    days = [_day(day, by_day.get(day, ()), now.gates) for day in _days(min(by_day), now.day)]
    passed = 0
    for day in reversed(days):
        if not day.is_in_row:
            break
        passed += 1
    shown = [day.model_copy(update={"is_in_row": len(days) - place <= passed}) for place, day in enumerate(days)]
    left = max(0, ready_after_days - passed)
    since = shown[-passed].day if passed else None
    return Readiness(
        state="not_yet" if left else "ready",
        passed_days=passed,
        ready_after_days=ready_after_days,
        days_left=left,
        since=since,
        reason=_reason(shown, passed, left),
        unread_lines=history.unread_lines,
        trend=tuple(shown[-DAYS_SHOWN:]),
    )


def _days(first: str, last: str) -> list[str]:
    begin = date.fromisoformat(first)
    return [str(begin + timedelta(days=number)) for number in range((date.fromisoformat(last) - begin).days + 1)]


def _day(day: str, runs: Sequence[Run], gates: str) -> TrendDay:
    """Judge a day by the runs that stand; `is_in_row` says here only that it may be in a row."""
    if not runs:
        return TrendDay(
            day=day, verdict=None, runs=0, messages=0, missing_pct=0, drift_pct=0, is_in_row=False, note="no run"
        )
    alike = [run for run in runs if run.gates == gates]
    standing = [run for place, run in enumerate(alike or runs) if not _is_covered(run, (alike or runs)[place + 1 :])]
    word = min(reversed(standing), key=lambda run: _WORST_FIRST.index(run.verdict))
    return TrendDay(
        day=day,
        verdict=word.verdict,
        runs=len(runs),
        messages=word.messages,
        missing_pct=word.missing_pct,
        drift_pct=word.drift_pct,
        is_in_row=bool(alike) and word.verdict is Verdict.PASS,
        note=_note(word, standing[-1], is_alike=bool(alike)),
    )


def _is_covered(run: Run, later: Sequence[Run]) -> bool:
    return any(
        (other.since is None or (run.since is not None and other.since <= run.since))
        and (other.until is None or (run.until is not None and other.until >= run.until))
        for other in later
    )


def _note(word: Run, last: Run, *, is_alike: bool) -> str:
    notes = [] if is_alike else ["judged by other gates"]
    if word is not last:
        notes.append(f"the run of {word.at[11:16]} stands: no later one covers its window")
    if word.broken:
        notes.append(", ".join(word.broken))
    return "; ".join(notes)


def _reason(days: Sequence[TrendDay], passed: int, left: int) -> str:
    row = f"{plural(passed, 'passing day')} in a row"
    if not left:
        return f"{row}, since {days[-passed].day}"
    if passed == len(days):
        return f"{row}, and the history begins there; {left:,} more until ready"
    last = days[-1 - passed]
    why = "had no run" if last.verdict is None else f"was {last.verdict.value}"
    if last.verdict is Verdict.PASS:
        why = "was judged by other gates"
    return f"{row}: {last.day} {why}; {left:,} more until ready"
