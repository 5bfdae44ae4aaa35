"""Days on which a side has no message although it should have many. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pipelines_client.parity.findings.base import MIN_MESSAGES, Day, Finding, FindingClass, Material, class_row


def empty_days(present: Mapping[Day, int], absent: Mapping[tuple[Day, bool], int]) -> dict[Day, int]:
    """Return the days on which a side has no message although it lacks many, with how many it lacks.

    Where the ledger says "accepted", an empty day is a gap, whichever day it is. Otherwise the side may have begun
    later, or its export ended earlier, so only a day between two days with messages counts. A side without any message
    is not looked at: its evidence is empty as a whole. Messages are `absent` by day and
    whether the ledger says that the side took them.
    """
    seen = sorted(day for day, count in present.items() if count)
    if not seen:
        return {}
    lacking: Counter[Day] = Counter()
    for (day, was_accepted), count in absent.items():
        is_between = seen[0] < day < seen[-1]
        if day and (was_accepted or is_between):
            lacking[day] += count
    return {day: count for day, count in sorted(lacking.items()) if count >= MIN_MESSAGES and not present.get(day)}


def _find(material: Material) -> list[Finding]:
    return [
        Finding(class_row(None, f"{lacking:,} absent", side=side, event="", type="", day=day, count=1))
        for side, days in material.empty.items()
        for day, lacking in days.items()
    ]


CLASS = FindingClass(
    name="empty_days",
    title="Empty days",
    unit="days",
    meaning="A side has no message of a day on which it should have many.",
    advice="Get the export of that day; if it is whole, ask the vendor where the day went.",
    is_short_evidence=True,
    find=_find,
)
