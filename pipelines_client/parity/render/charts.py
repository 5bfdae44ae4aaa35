"""The charts of the page: events by day, the trend of readiness, and how latency is spread. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.parity.spell import duration
from pipelines_client.sides import TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines_client.parity.model import Bucket, EventRow, LatencyRow, ParityReport

HEATS = (
    ("h0", "", "none"),
    ("h1", "\N{BULLET}", "below 1 %"),
    ("h2", "\N{BULLET}" * 2, "below 5 %"),
    ("h3", "\N{BULLET}" * 3, "5 % and more"),
    ("hy", "\N{HORIZONTAL ELLIPSIS}", "too young to tell"),
)
"""Class, mark and meaning of a cell: the mark says without colour what the colour says."""
_MARKS = {name: mark for name, mark, _ in HEATS}
_CLEAN, _SOME, _MORE = 100.0, 99.0, 95.0  # percent of an event's messages in a day without a fault


def days_of(report: ParityReport) -> list[str]:
    """Return the days of the report, in order."""
    return sorted({row.day for row in report.events})


def by_event(report: ParityReport) -> list[tuple[tuple[str, str], dict[str, EventRow]]]:
    """Arrange the event rows by event and type, then by day; the events with the most faults come first."""
    grid: dict[tuple[str, str], dict[str, EventRow]] = {}
    for row in report.events:
        grid.setdefault((row.event, row.type), {})[row.day] = row
    return sorted(grid.items(), key=lambda item: (min(map(_soundness, item[1].values())), item[0]))


def heat(row: EventRow) -> str:
    """Return the colour class of a cell."""
    sound = _soundness(row)
    if sound >= _CLEAN:
        return "hy" if row.too_young else "h0"
    return "h1" if sound >= _SOME else "h2" if sound >= _MORE else "h3"


def _soundness(row: EventRow) -> float:
    """Return the share in percent of messages without a fault, at the worse side; extra rows count as faults."""
    return min(row.health, 100 * (1 - min(1, row.duplicates / row.messages))) if row.messages else row.health


def cell_mark(row: EventRow) -> str:
    """Return the mark of a cell's colour and the number of its faults."""
    return f"{_MARKS[heat(row)]} {row.faults or row.too_young or ''}".strip()


def cell_note(row: EventRow) -> str:
    """Return what the number of a cell counts, for a screen reader."""
    return " at fault" if row.faults else " too young" if row.too_young else ""


def cell_words(row: EventRow) -> str:
    """Return a cell in full."""
    counts = [f"{row.messages:,} messages"]
    counts += [f"{getattr(row, side):,} of {meant:,} at {TITLES[side]}" for side, meant in row.meant.items() if meant]
    counts += [f"{number:,} missing at {TITLES[side]}" for side, number in row.missing.items() if number]
    numbers = {
        "drifted": row.drift,
        "duplicate rows": row.duplicates,
        "with another identity": row.identity,
        "renamed": row.renamed,
        "too young": row.too_young,
    }
    return ", ".join(counts + [f"{number:,} {word}" for word, number in numbers.items() if number])


def height(value: float, values: Iterable[float]) -> str:
    """Return a bar's height relative to the highest, for a style."""
    highest = max(values, default=0)
    return f"{100 * value / highest:.3g}%" if highest else "0%"


def bucket(item: Bucket) -> str:
    """Return the upper bound of a bucket in words."""
    return "more" if item.up_to_ms is None else f"\N{LESS-THAN OR EQUAL TO} {duration(item.up_to_ms)}"


def share(item: Bucket, row: LatencyRow) -> str:
    """Return the share of a row's messages in a bucket, for a style."""
    return f"{100 * item.count / row.messages:.3g}%" if row.messages else "0%"
