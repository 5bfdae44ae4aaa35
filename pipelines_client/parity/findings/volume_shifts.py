"""Days on which an event was sent far more or far less often than usual. Pure.

A day of an event is compared with the up to 28 days before it, from the event's first message on. It is a shift if it
is far from their median (more than three times of it, or less than a third) *and* beyond the highest or lowest of them.
For an event that is not sent every day, "more" means more than three times the median of the days that had any. So
weekends and weekly mailings are not shifts once there was one before, and a lasting change is reported once. A day is
judged only with a week of days before it and enough messages, and never if it is the first or the last day, which the
window may cut. Days before the first one that the evidence is about are backdated: they are neither judged nor compared
with. The events of one day are one finding, since one release or one outage moves many.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median_low

from pipelines_client.parity.findings.base import MIN_MESSAGES, Day, Doubt, Finding, FindingClass, Material, class_row
from pipelines_client.parity.questions.rows import EVENTS
from pipelines_client.parity.spell import plural

FACTOR = 3
MIN_DAYS = 7
MAX_DAYS = 28
_MOST_DAYS = 400  # older days are backdated
_EVENTS_NAMED = 3


@dataclass(frozen=True, slots=True)
class Shift:
    """A day on which an event was far from what it used to be."""

    event: str
    type: str
    day: Day
    count: int
    usual: int


def shifts(rows: Iterable[tuple[str, str, Day, int]]) -> list[Shift]:
    """Return the days on which events left their usual volume, from rows of event, type, day and count."""
    by_event: dict[tuple[str, str], dict[Day, int]] = defaultdict(dict)
    totals: Counter[Day] = Counter()
    for event, kind, day, count in rows:
        by_event[event, kind][day] = count
        totals[day] += count
    days = _whole_days([day for day, total in totals.items() if day and total >= MIN_MESSAGES])
    result = []
    for (event, kind), counts in sorted(by_event.items()):
        series = [counts.get(day, 0) for day in days]
        for place in range(MIN_DAYS, len(days)):
            past = _since_first(series[max(0, place - MAX_DAYS) : place])
            if len(past) >= MIN_DAYS and _is_shift(series[place], past):
                result.append(Shift(event, kind, days[place], series[place], median_low(past)))
    return result


def _whole_days(busy: list[Day]) -> list[Day]:
    """Return every day between the first and the last busy one; a few backdated messages do not make a first day."""
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
    """Return the days from the first one with messages on: before it the event did not exist."""
    return past[next((place for place, count in enumerate(past) if count), len(past)) :]


def _find(material: Material) -> list[Finding]:
    rows = (
        (row.event, row.type, row.day, row.messages)
        for row in material.answers[EVENTS]
        if row.day >= material.first_day
    )
    by_day: dict[Day, list[Shift]] = defaultdict(list)
    for shift in shifts(rows):
        by_day[shift.day].append(shift)
    return [_of_day(by_day[day]) for day in sorted(by_day)]


def _of_day(found: list[Shift]) -> Finding:
    """Return the finding of a day, with the events that moved most."""
    if len(found) == 1:
        (only,) = found
        return Finding(class_row(only, f"{only.count:,} messages, usually {only.usual:,}", side="", count=1))
    found.sort(key=lambda shift: (-abs(shift.count - shift.usual), shift.event))
    named = [f"{shift.event} {shift.count:,} (usually {shift.usual:,})" for shift in found[:_EVENTS_NAMED]]
    more = len(found) - len(named)
    detail = ", ".join(named) + (f" and {plural(more, 'more event')}" if more else "")
    return Finding(class_row(found[0], detail, side="", event="", type="", count=1))


CLASS = FindingClass(
    name="volume_shifts",
    title="Volume shifts",
    unit="days",
    meaning="An event was sent far more or far less often than on the days before.",
    advice="Ask what was released that day; it can be a loop, a missing call or a campaign.",
    doubt=Doubt.ANY_GAPS,
    find=_find,
)
