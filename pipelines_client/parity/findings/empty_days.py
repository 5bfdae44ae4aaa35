"""Days on which a side has nothing although it should. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pipelines_client.parity import model as parts
from pipelines_client.parity.findings.base import MIN_MESSAGES, Day, Finding, FindingClass


def empty_days(present: Mapping[Day, int], absent: Mapping[tuple[Day, str], int]) -> dict[Day, int]:
    """Return the days on which a side has nothing although there was much, with how much.

    That a day is empty where the ledger says "accepted" is a gap on any day. Without its word a side may have begun
    later, or its export ended earlier: only a day between others tells. A side without any message at all is empty as
    a whole, which is said of it elsewhere.

    Args:
        present: Messages of the side by day.
        absent: Messages that it lacks, by day and cause (`accepted_but_absent` or `unknown`).
    """
    seen = sorted(day for day, count in present.items() if count)
    if not seen:
        return {}
    lacking: Counter[Day] = Counter()
    for (day, cause), count in absent.items():
        is_between = seen[0] < day < seen[-1]
        if day and (cause == "accepted_but_absent" or is_between):
            lacking[day] += count
    return {day: count for day, count in sorted(lacking.items()) if count >= MIN_MESSAGES and not present.get(day)}


CLASS = FindingClass(
    name="empty_days",
    title="Empty days",
    unit="days",
    meaning="A side has no message of a day on which it should have many.",
    advice="Get the export of that day; if it is whole, ask the vendor where the day went.",
    is_short_evidence=True,
    find=lambda material: [
        Finding(parts.ClassRow(side=side, event="", type="", day=day, count=1, detail=f"{lacking:,} absent"))
        for side, days in material.empty.items()
        for day, lacking in days.items()
    ],
)
