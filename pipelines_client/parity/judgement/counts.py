"""Compares our counts by event and day with those of a source that keeps no ids (NEEDS N18, N26). Pure.

Each event is judged on each whole day and over all whole days. Shown but not judged are the first and the last day of
either side, which are rarely whole, events that we never sent, and days with too few messages to prove anything.

A source whose counts begin later or end earlier than our messages may have had an outage to the end, or may have been
asked for fewer days: it does not pass, and what it has of the other days still fails.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from pipelines_client.parity.judgement.evidence import Evidence, gaps_of
from pipelines_client.parity.judgement.gates import COUNTS
from pipelines_client.parity.model import Baseline, CountsReport, CountsRow, Gate, GateResult, Limits
from pipelines_client.parity.questions.rows import CountsByDayRow, EventsRow
from pipelines_client.parity.spell import percent, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_ROWS_LISTED = 200
_SLUGS = (
    "A warehouse without event_text names events like order_completed. Events that only it has were counted together"
    " with every event of the same letters and digits."
)
_NAMELESS = "A warehouse without event and event_text has tracks that no source names, so no event was judged."

Event = tuple[str, str]
_Counted = TypeVar("_Counted", CountsByDayRow, EventsRow)


@dataclass(frozen=True, slots=True)
class CountsSource:
    """A source that only counts: its title, its path, and the result of reading it.

    `asked_from` is the first UTC day that an API was asked about; empty where no part was asked for.
    """

    title: str
    path: str
    side: str | None
    rows: int = 0
    rejected_lines: int = 0
    gaps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    asked_from: str = ""


def compare_counts(
    source: CountsSource,
    theirs: Iterable[CountsByDayRow],
    events: Iterable[EventsRow],
    given: Evidence,
    limits: Limits,
    *,
    slugs: Mapping[str, bool],
) -> CountsReport:
    """Compare the counts of one source with ours, which are those of `events`.

    `given` is the evidence of each source whose messages were read. `slugs` are the events that only a warehouse
    without names has, and whether its `event` column names them.
    """
    baseline = _baseline(source.side, frozenset(given.sources))
    is_nameless = False
    if slugs and baseline in ("segment", "messages"):
        is_nameless = not all(slugs.values())
        source = replace(source, notes=(*source.notes, _NAMELESS if is_nameless else _SLUGS))
        theirs, events = _by_slug([*theirs], [*events], slugs)
    their_counts, our_counts = _table(theirs, "count"), _table(events, baseline)
    types = {kind for (_, kind), _ in their_counts} | {"track"}
    ours = Counter({key: count for key, count in our_counts.items() if key[0][1] in types and count})
    days = [] if is_nameless else _whole_days(ours, their_counts)
    gaps = tuple(_gaps(source, given, baseline, limits))
    return _report(source, baseline, gaps, (ours, their_counts), days, limits)


def _report(
    source: CountsSource,
    baseline: Baseline,
    gaps: tuple[str, ...],
    counts: tuple[Counter[tuple[Event, str]], Counter[tuple[Event, str]]],
    days: list[str],
    limits: Limits,
) -> CountsReport:
    ours, theirs = counts
    known = {event for event, _ in ours}
    rows = _rows(ours, theirs, known, days, limits)
    uncovered = tuple(_uncovered(source, ours, theirs, limits))
    rows.sort(key=lambda row: (not row.is_judged, -row.deviation_pct, row.event, row.type, row.day))
    judged = [row for row in rows if row.is_judged]
    return CountsReport(
        title=source.title,
        path=source.path,
        ours=baseline,
        ours_total=sum(ours.values()),
        theirs_total=sum(theirs.values()),
        whole_days=len(days),
        judged=len(judged),
        beyond=sum(row.deviation_pct > limits.max_counts_pct for row in judged),
        unknown_events=len({event for event, _ in theirs} - known),
        rows=tuple(rows[:_ROWS_LISTED]),
        rejected_lines=source.rejected_lines,
        gaps=gaps,
        uncovered=uncovered,
        notes=source.notes,
    )


def _uncovered(
    source: CountsSource, ours: Counter[tuple[Event, str]], theirs: Counter[tuple[Event, str]], limits: Limits
) -> Iterator[str]:
    """Yield in words which whole days of ours the other source has no counts of: before its first, after its last."""
    own, others = _days(ours), _days(theirs)
    if not others:
        return
    whole = [day for day in own[1:-1] if day >= source.asked_from]
    spans = (
        ([day for day in whole if day < others[0]], f"before {others[0]}"),
        ([day for day in whole if day > others[-1]], f"after {others[-1]}"),
    )
    for days, where in spans:
        by_event: Counter[Event] = Counter()
        for (event, day), count in ours.items():
            by_event[event] += count if day in days else 0
        lacking = sum(count for count in by_event.values() if count >= limits.min_events)
        if lacking:
            what = f"{lacking:,} messages on {plural(len(days), 'day')}"
            yield (
                f"{source.title} has no counts {where}, where we have {what}: an outage, or an export of fewer days"
                " (--since and --until then compare those alone)"
            )


def _rows(
    ours: Counter[tuple[Event, str]],
    theirs: Counter[tuple[Event, str]],
    known: set[Event],
    days: list[str],
    limits: Limits,
) -> list[CountsRow]:
    """Return a row for each event and day, and one for each event over all whole days."""
    rows = [
        _row(event, day, ours[event, day], theirs[event, day], limits, can_judge=event in known and day in days)
        for event, day in sorted({*ours, *theirs})
    ]
    for event in sorted(known) if days else ():
        ours_sum, theirs_sum = (sum(table[event, day] for day in days) for table in (ours, theirs))
        rows.append(_row(event, "", ours_sum, theirs_sum, limits, can_judge=True))
    return rows


def judge_counts(reports: Mapping[str, CountsReport], limits: Limits) -> tuple[Gate, ...]:
    """Compare each source's counts with the limit, and return a gate for each."""
    return tuple(_gate(name, report, limits) for name, report in reports.items())


def _gate(name: str, report: CountsReport, limits: Limits) -> Gate:
    worst = next((row for row in report.rows if row.is_judged), None)
    actual = worst.deviation_pct if worst is not None else 0.0
    result: GateResult = "failed" if report.beyond else "passed"
    if worst is None or report.gaps or (report.uncovered and not report.beyond):
        result = "inconclusive"
    if worst is None:
        text = f"{report.title}: nothing to judge; it takes whole days with {limits.min_events:,} messages of an event"
    elif report.beyond:
        when = worst.day or "all whole days"
        text = (
            f"{report.title}: {plural(report.beyond, 'count')} beyond the limit; the worst is {worst.event} on {when}, "
            f"{worst.ours:,} of ours and {worst.theirs:,} of theirs"
        )
    else:
        text = f"{report.title}: {plural(report.judged, 'count')} agree over {plural(report.whole_days, 'whole day')}"
    if report.gaps or report.uncovered:
        text += f"; no proof while evidence is short: {'; '.join((*report.gaps, *report.uncovered))}"
    return COUNTS.gate(limits.max_counts_pct, actual, "%", result, text, side=name)


def _gaps(source: CountsSource, given: Evidence, baseline: Baseline, limits: Limits) -> Iterator[str]:
    """Yield what is missing from the counts, and from the messages that they are compared with."""
    yield from source.gaps
    if percent(source.rejected_lines, source.rows + source.rejected_lines) > limits.max_missing_pct:
        yield f"{plural(source.rejected_lines, 'line')} of the counts could not be read"
    ours = {"sent": "ledger", "segment": "segment", "customerio": "customerio"}.get(baseline)
    for name in given.sources:
        if ours in (None, name):
            yield from gaps_of(name, given, limits)


def _baseline(side: str | None, given: frozenset[str]) -> Baseline:
    if side == "segment" and "segment" in given:
        return "segment"
    if side == "customerio" and "customerio" in given:
        return "customerio"
    return "sent" if "ledger" in given else "messages"


def _by_slug(
    theirs: list[CountsByDayRow], events: list[EventsRow], slugs: Mapping[str, bool]
) -> tuple[list[CountsByDayRow], list[EventsRow]]:
    """Give one name to all tracks that a slug may stand for: the first by order of characters."""
    squeezed = {_squeeze(event) for event in slugs}
    names: dict[str, str] = {}
    rows: list[CountsByDayRow | EventsRow] = [*theirs, *events]
    for row in rows:
        key, event = _squeeze(row.event), row.event
        if row.type == "track" and key in squeezed:
            names[key] = min(names.get(key, event), event)

    def named(row: _Counted) -> _Counted:
        return row if row.type != "track" else row._replace(event=names.get(_squeeze(row.event), row.event))

    return [*map(named, theirs)], [*map(named, events)]


def _squeeze(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _table(rows: Iterable[_Counted], column: str) -> Counter[tuple[Event, str]]:
    counts: Counter[tuple[Event, str]] = Counter()
    for row in rows:
        counts[(row.event, row.type), row.day] += getattr(row, column)
    return counts


def _whole_days(*tables: Counter[tuple[Event, str]]) -> list[str]:
    spans = [*map(_days, tables)]
    if not all(spans):
        return []
    first, last = max(days[0] for days in spans), min(days[-1] for days in spans)
    return sorted({day for days in spans for day in days if first < day < last})


def _days(table: Counter[tuple[Event, str]]) -> list[str]:
    return sorted({day for (_, day), count in table.items() if day and count})


def _row(event: Event, day: str, ours: int, theirs: int, limits: Limits, *, can_judge: bool) -> CountsRow:
    larger = max(ours, theirs)
    return CountsRow(
        event=event[0],
        type=event[1],
        day=day,
        ours=ours,
        theirs=theirs,
        deviation_pct=round(percent(abs(ours - theirs), larger), 3),
        is_judged=can_judge and larger >= limits.min_events,
    )
