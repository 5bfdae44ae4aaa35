"""What the counts by day tell: events that left their usual volume, and days on which a side has nothing. Pure.

An event's day is held against the up to 28 days before it, from its first message on. It is a shift if it is far from
their median (more than three times of it, or less than a third) *and* beyond the highest or lowest of them; of what is
not sent every day, more than three times of the days that had any. So a weekend is none once there was one before, nor
is a mailing on Mondays, and a lasting change is said once and not every day. Asked is only what can be told: with a
week of days before it, with enough messages, and never of the first and the last day, which the window cuts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median_low

from pipelines_client.parity import model as parts
from pipelines_client.parity.findings.base import MIN_MESSAGES, Day, Finding, FindingClass, Row

FACTOR = 3
MIN_DAYS = 7
MAX_DAYS = 28
_MOST_DAYS = 400  # what is older was backdated


@dataclass(frozen=True, slots=True)
class Shift:
    """A day on which an event was far from what it used to be."""

    event: str
    type: str
    day: Day
    count: int
    usual: int


def shifts(rows: Iterable[tuple[str, str, Day, int]]) -> list[Shift]:
    """Return the days on which events left their usual volume.

    Args:
        rows: Event, type, day and count of messages, each event and day once.
    """
    by_event: dict[tuple[str, str], dict[Day, int]] = defaultdict(dict)
    totals: Counter[Day] = Counter()
    for event, kind, day, count in rows:
        by_event[event, kind][day] = count
        totals[day] += count
    days = _whole_days([day for day, total in totals.items() if day and total >= MIN_MESSAGES])
    found = []
    for (event, kind), counts in sorted(by_event.items()):
        series = [counts.get(day, 0) for day in days]
        for place in range(MIN_DAYS, len(days)):
            past = _since_first(series[max(0, place - MAX_DAYS) : place])
            if len(past) >= MIN_DAYS and _is_shift(series[place], past):
                found.append(Shift(event, kind, days[place], series[place], median_low(past)))
    return found


def _whole_days(busy: list[Day]) -> list[Day]:
    """Return every day between the first and the last busy one: what is backdated by a few messages is no beginning."""
    if not busy:
        return []
    first, last = date.fromisoformat(min(busy)), date.fromisoformat(max(busy))
    if (last - first).days > _MOST_DAYS:
        first = last - timedelta(days=_MOST_DAYS)
    return [str(first + timedelta(days=number)) for number in range(1, (last - first).days)]


def _is_shift(count: int, past: list[int]) -> bool:
    usual = median_low(past)
    if max(count, usual) < MIN_MESSAGES:
        return False
    usual_if_any = median_low([day for day in past if day])
    return (count > FACTOR * usual_if_any and count > max(past)) or (count * FACTOR < usual and count < min(past))


def _since_first(past: list[int]) -> list[int]:
    """Return the days from the first on that had any: before it there was no such event."""
    return past[next((place for place, count in enumerate(past) if count), len(past)) :]


def _volume_shifts(events: list[Row]) -> list[Finding]:
    rows = ((row["event"], row["type"], row["day"], row["messages"]) for row in events)
    return [
        Finding(
            parts.ClassRow(
                side="",
                event=shift.event,
                type=shift.type,
                day=shift.day,
                count=1,
                detail=f"{shift.count:,} messages, usually {shift.usual:,}",
            )
        )
        for shift in shifts(rows)
    ]


CLASS = FindingClass(
    name="volume_shifts",
    title="Volume shifts",
    unit="days",
    meaning="An event was sent far more or far less often than on the days before.",
    advice="Ask what was released that day; a loop, a lost call and a campaign look alike here.",
    find=lambda material: _volume_shifts(material.answers["events"]),
)
