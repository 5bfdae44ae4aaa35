"""Gaps in the evidence of a side: spans in which it has nothing, or nearly nothing, of what it should have. Pure.

Files that were not copied take with them all messages of some time, of all calls or of one type. So what a side has
and what it lacks is counted by type of call and slot of time, and a run of slots is a gap if

- at least `FEWEST` messages are absent in it, and less than a quarter is there: part of an hour may have been copied;
- more of the side's messages lie outside it than in it: what is thin everywhere is a loss;
- chance does not explain it: if each message were lost as often as outside, of this type or of all, no run of all
  slots would lack so many, with a probability of `_CERTAIN` (exact binomial, corrected for the number of slots).

Where few messages come in an hour no run is long enough. Then hours that are empty as a whole are gaps together, if
so many of them would not be by chance, each message being lost as often as on the whole; the emptiest hours with them.

An event that a side has nowhere, beside others of its type, is lost and not in a gap: files hold all events of a type.
A type of call that it has nowhere is a gap only if a ledger says that it was accepted: else it may not have been sent.
A side that has nothing at all, or one in a hundred of what it should have, is one gap. What a team vouches for is left
out.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.canonical import PAYLOAD_FIELD
from pipelines_client.parity.complete import SideSpan
from pipelines_client.parity.judgement.bounds import log_chance
from pipelines_client.parity.questions.coverage_rows import GapRow
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from pipelines_client.parity.questions.coverage_rows import CoveredRow, InGapsRow, UncoveredRow
    from pipelines_client.sides import Leg

SLOT_MS = 600_000
"""Customer.io writes a file every 10 minutes (FACTS C18)."""

MINUTE_MS = 60_000
_HOUR_MS = 3_600_000
_MOST_SLOTS = 5000
FEWEST = 10
"""With fewer absent messages no run is a gap."""
_DENSITY = 3  # absent messages for each that is there
_NONE = 99  # absent messages for each that is there by accident
_CERTAIN = 0.999
_FEW = 3  # messages that an hour should have: with fewer it is empty by chance too often
_RARE = 20  # an event of which a side has less than one in so many is one that it does not have
CALL_TYPES = (*PAYLOAD_FIELD, "alias")


class Gap(NamedTuple):
    """What a side's evidence does not cover: `types` of call, or all if there are none, in a span of whole minutes.

    `is_first` and `is_last` say that nothing of it lies before or after.
    """

    span: SideSpan
    types: tuple[str, ...]
    present: int
    is_first: bool
    is_last: bool

    def holds(self, row: GapRow | InGapsRow) -> bool:
        """Return whether a row of the table `gaps`, or of its counts, is about this gap."""
        side, from_ms, until_ms = self.span
        is_type = row.side == side and (not self.types or row.type in self.types)
        return is_type and from_ms - MINUTE_MS <= row.from_ms < until_ms

    def rows(self) -> Iterable[GapRow]:
        """Return the rows of the table `gaps`: a minute more at both ends, since clocks differ."""
        side, from_ms, until_ms = self.span
        for type_ in self.types or CALL_TYPES:
            yield GapRow(side, type_, from_ms - MINUTE_MS, until_ms + MINUTE_MS)


class Coverage(NamedTuple):
    """The gaps, and by vouched span what of a gap it covers."""

    gaps: tuple[Gap, ...] = ()
    used: Mapping[SideSpan, int] = {}


@dataclass(slots=True)
class _Cell:
    slot: int
    present: int = 0
    absent: int = 0
    first_ms: int = 0
    last_ms: int = 0

    def add(self, other: _Cell) -> None:
        if other.absent:  # a gap may begin after, or end before, what is there of the first type that lacks any
            self.first_ms = max(self.first_ms, other.first_ms) if self.absent else other.first_ms
            self.last_ms = min(self.last_ms, other.last_ms) if self.absent else other.last_ms
        self.present += other.present
        self.absent += other.absent


_Series = list[_Cell]
"""Cells in the order of time."""


def slot_of(spanned: Iterable[tuple[int | None, int | None]]) -> int:
    """Return how long a slot is: an hour where the sources span so much time that there would be too many."""
    longest = max((last - first for first, last in spanned if first is not None and last is not None), default=0)
    return _HOUR_MS if longest // SLOT_MS > _MOST_SLOTS else SLOT_MS


def vouched_until(side: str, watermark_ms: int | None, vouched: Iterable[SideSpan]) -> int | None:
    """Return up to when a side's absences mean something: its watermark, or the end of what is vouched for after it."""
    if watermark_ms is None:
        return None
    for span in sorted(span for span in vouched if span.side == side):
        if span.from_ms <= watermark_ms + SLOT_MS:
            watermark_ms = max(watermark_ms, span.until_ms - 1)
    return watermark_ms


def find_gaps(
    covered: Iterable[CoveredRow],
    uncovered: Iterable[UncoveredRow],
    vouched: Collection[SideSpan],
    slot_ms: int,
    is_expected: Callable[[UncoveredRow], bool],
    *,
    is_accepted: bool,
) -> Coverage:
    """Find the gaps of each side.

    Args:
        covered: What is there.
        uncovered: What is not, and may lie in a gap.
        vouched: Spans in which a team says that a side's evidence is whole.
        slot_ms: How long a slot is.
        is_expected: Says whether a rule expects that a side lacks these.
        is_accepted: Whether a ledger says that the side's API took what it lacks.
    """
    held, lacked = list(covered), [row for row in uncovered if not is_expected(row)]
    whole = _lost_events(held, lacked)
    series = _series(held, (row for row in lacked if (row.side, row.type, row.label) not in whole), slot_ms)
    gaps: list[Gap] = []
    used = dict.fromkeys(vouched, 0)
    for side in sorted(SIDES):
        types = {type_: cells for (of, type_), cells in series.items() if of == side}
        for found in (*_gaps_of(types), *_empty_hours(types, slot_ms)) if types else ():
            if found.types and not is_accepted and _has_none(found.cells):
                continue
            gaps += _unvouched(side, found, used, slot_ms)
    return Coverage(tuple(gaps), used)


def table_of(gaps: Iterable[Gap]) -> list[GapRow]:
    """Return the rows of the table `gaps`, of which no two cover the same message."""
    rows: list[GapRow] = []
    for row in sorted(row for gap in gaps for row in gap.rows()):
        is_same = bool(rows) and rows[-1][:2] == row[:2]
        from_ms = max(row.from_ms, rows[-1].until_ms) if is_same else row.from_ms
        if from_ms < row.until_ms:
            rows.append(row._replace(from_ms=from_ms))
    return rows


def _lost_events(held: Sequence[CoveredRow], lacked: Sequence[UncoveredRow]) -> set[tuple[str, str, str]]:
    """Return the events that a side lacks as a whole, although it has others of their type."""
    present: dict[tuple[str, str], int] = defaultdict(int)
    for row in held:
        present[row.side, row.type] += row.count
    absent: dict[tuple[str, str, str], int] = defaultdict(int)
    lacking: dict[tuple[str, str], int] = defaultdict(int)
    has: dict[tuple[str, str, str], int] = {}
    for lack in lacked:
        event = lack.side, lack.type, lack.label
        absent[event] += lack.count
        lacking[event[:2]] += lack.count
        has[event] = lack.present
    return {
        event
        for event, count in absent.items()
        if event[2] != event[1] and has[event] * _RARE < count and present[event[:2]] > has[event]
        if present[event[:2]] * _NONE > lacking[event[:2]]
    }


def _series(held: Iterable[CoveredRow], lacked: Iterable[UncoveredRow], slot_ms: int) -> dict[tuple[str, str], _Series]:
    cells: dict[tuple[str, str], dict[int, _Cell]] = defaultdict(dict)
    for row in held:
        cells[row.side, row.type][row.slot] = _Cell(row.slot, row.count, 0, row.first_ms, row.last_ms)
    for lack in lacked:
        bounds = (lack.slot + 1) * slot_ms, lack.slot * slot_ms
        cells[lack.side, lack.type].setdefault(lack.slot, _Cell(lack.slot, 0, 0, *bounds)).absent += lack.count
    return {key: [by_slot[slot] for slot in sorted(by_slot)] for key, by_slot in cells.items()}


@dataclass(slots=True)
class _Found:
    """A gap of some types: the series of these types, and its first and last cell there."""

    types: tuple[str, ...]
    cells: _Series
    start: int
    end: int

    @property
    def inside(self) -> _Series:
        return self.cells[self.start : self.end + 1]


def _gaps_of(types: dict[str, _Series]) -> list[_Found]:
    """Return the gaps of a side: first of all calls, then of types that go empty together, then of single types."""
    both = _merged(types.values())
    if _has_none(both):
        return [_Found((), both, 0, len(both) - 1)]
    gaps: list[_Found] = []
    queue = [tuple(types)]
    for names in queue:  # which grows
        cells, left = _merged(types[name] for name in names), _merged(types.values())
        for start, end in _significant(cells, left):
            slots = range(cells[start].slot, cells[end].slot + 1)
            empty = tuple(name for name in types if _is_empty(types[name], slots, is_asked=name in names))
            if set(names) <= set(empty):
                gaps += _take(types, names if len(names) == len(types) else empty, slots)
            elif empty not in queue:
                queue.append(empty)
        if len(names) == len(types):
            queue += [(name,) for name in types if (name,) not in queue]
    return gaps


def _take(types: dict[str, _Series], names: tuple[str, ...], slots: range) -> list[_Found]:
    """Take the slots of a gap out of the series of its types, and those beside it in which one of them is empty too.

    There is no gap if another one, that reaches as far as one of its types is empty, has all of them already.
    """
    slots = _widened([types[name] for name in names], slots)
    cells = _merged(types[name] for name in names)
    places = [place for place, cell in enumerate(cells) if cell.slot in slots]
    for name in names:
        types[name] = [cell for cell in types[name] if cell.slot not in slots]
    return [_Found(() if len(names) == len(types) else names, cells, places[0], places[-1])] if places else []


def _widened(series: Iterable[_Series], slots: range) -> range:
    start, stop = slots.start, slots.stop
    for cells in series:
        empty = {cell.slot for cell in cells if not cell.present}
        first, last = slots.start, slots.stop
        while first - 1 in empty:
            first -= 1
        while last in empty:
            last += 1
        start, stop = min(start, first), max(stop, last)
    return range(start, stop)


def _significant(cells: _Series, left: _Series) -> list[tuple[int, int]]:
    """Return the first and last place of each run that chance does not explain; `left` are the cells of all types."""
    runs = [run for run in _runs(cells) if _absent(cells[run[0] : run[1] + 1]) >= FEWEST]
    inside = {cell.slot for start, end in runs for cell in cells[start : end + 1]}
    outside = [cell for cell in cells if cell.slot not in inside]
    rate = max(_rate(outside), _rate(cell for cell in left if cell.slot not in inside))
    return [run for run in runs if _is_gap(cells[run[0] : run[1] + 1], outside, rate, len(cells))]


def _empty_hours(types: dict[str, _Series], slot_ms: int) -> list[_Found]:
    """Take the hours that are empty, if together they are more than chance explains."""
    hours: dict[int, _Series] = defaultdict(list)
    for cell in _merged(types.values()):
        hours[cell.slot * slot_ms // _HOUR_MS].append(cell)
    judged = {hour: cells for hour, cells in hours.items() if _present(cells) + _absent(cells) >= _FEW}
    empty = [hour for hour, cells in judged.items() if not _present(cells)]
    if len(empty) in (0, len(judged)) or sum(_absent(judged[hour]) for hour in empty) < FEWEST:
        return []
    rate = _rate(cell for cells in judged.values() for cell in cells)
    share = sum(rate ** (_absent(cells) + _present(cells)) for cells in judged.values()) / len(judged)
    is_chance = log_chance(len(judged) - len(empty), len(judged), 1 - share) >= log(1 - _CERTAIN)
    if is_chance or share * len(judged) >= len(empty):
        return []
    per = _HOUR_MS // slot_ms
    spans: list[range] = []
    for hour in (hour for hour, cells in hours.items() if not _present(cells)):  # those that should have few, too
        follows = bool(spans) and spans[-1].stop == hour * per
        start = spans.pop().start if follows else hour * per
        spans.append(range(start, (hour + 1) * per))
    return [found for slots in spans for found in _take(types, tuple(types), slots)]


def _is_gap(inside: _Series, outside: _Series, rate: float, slots: int) -> bool:
    present, absent = _present(inside), _absent(inside)
    if _present(outside) < present and not _has_none(inside):
        return False
    return log_chance(present, present + absent, 1 - rate) + log(slots) < log(1 - _CERTAIN)


def _runs(cells: _Series) -> list[tuple[int, int]]:
    """Return the runs in which `_DENSITY` messages are absent for each that is there, each as long as it can be."""
    runs, place = [], 0
    while place < len(cells):
        total, best, end = 0, 0, place
        for at in range(place, len(cells)):
            total += cells[at].absent - _DENSITY * cells[at].present
            if total > best:
                best, end = total, at
            if total <= 0:
                break
        if best:
            runs.append((place, end))
        place = end + 1
    return runs


def _unvouched(side: Leg, found: _Found, used: dict[SideSpan, int], slot_ms: int) -> Iterable[Gap]:
    """Return what is left of a gap without what is vouched for, and count what is."""
    from_ms, until_ms = _edges(found, slot_ms)
    start = from_ms
    ends = []
    for span in sorted(span for span in used if span.side == side):
        used[span] += _absent(_within(found.inside, span.from_ms, span.until_ms, slot_ms))
        ends.append((start, min(span.from_ms, until_ms)))
        start = max(start, span.until_ms)
    for first, last in (*ends, (start, until_ms)):
        cells = _within(found.inside, first, last, slot_ms)
        if _absent(cells):
            yield Gap(
                SideSpan(side, first, last),
                found.types,
                _present(cells),
                is_first=not _present(found.cells[: found.start]),
                is_last=not _present(found.cells[found.end + 1 :]),
            )


def _edges(found: _Found, slot_ms: int) -> tuple[int, int]:
    """Return the span of a gap in whole minutes: it may begin or end within the slot before or after."""
    cells, start, end = found.cells, found.start, found.end
    from_ms, until_ms = cells[start].slot * slot_ms, (cells[end].slot + 1) * slot_ms
    if start and cells[start - 1].present and cells[start - 1].absent:
        from_ms = min(from_ms, cells[start - 1].last_ms)
    if end + 1 < len(cells) and cells[end + 1].present and cells[end + 1].absent:
        until_ms = max(until_ms, cells[end + 1].first_ms)
    return from_ms // MINUTE_MS * MINUTE_MS, -(-until_ms // MINUTE_MS) * MINUTE_MS


def _within(cells: Iterable[_Cell], from_ms: int, until_ms: int, slot_ms: int) -> _Series:
    """Return the cells whose middle is in a span."""
    return [cell for cell in cells if from_ms <= cell.slot * slot_ms + slot_ms // 2 < until_ms]


def _merged(series: Iterable[_Series]) -> _Series:
    by_slot: dict[int, _Cell] = {}
    for cells in series:
        for cell in cells:
            by_slot.setdefault(cell.slot, _Cell(cell.slot)).add(cell)
    return [by_slot[slot] for slot in sorted(by_slot)]


def _is_empty(cells: _Series, slots: range, *, is_asked: bool) -> bool:
    """Return whether a side has next to nothing of a type in some slots; one that is not asked for must lack some."""
    inside = [cell for cell in cells if cell.slot in slots]
    absent = _absent(inside)
    return _present(inside) * _DENSITY <= absent and (is_asked or absent > 0)


def _has_none(cells: _Series) -> bool:
    """Return whether a side has nothing there, or so little that it is there by accident."""
    return _present(cells) * _NONE <= _absent(cells)


def _present(cells: Iterable[_Cell]) -> int:
    return sum(cell.present for cell in cells)


def _absent(cells: Iterable[_Cell]) -> int:
    return sum(cell.absent for cell in cells)


def _rate(cells: Iterable[_Cell]) -> float:
    """Return how often a message of these cells is lost, never 0 or 1."""
    inside = list(cells)
    absent = _absent(inside)
    return (absent + 0.5) / (_present(inside) + absent + 1)
