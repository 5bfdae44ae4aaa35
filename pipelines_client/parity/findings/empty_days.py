"""Days on which a side has no message although it should have many. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines_client.parity.findings.base import MIN_MESSAGES, Day, Doubt, Finding, FindingClass, Material, class_row


def empty_days(present: Mapping[Day, int], absent: Mapping[Day, int]) -> dict[Day, int]:
    """Return the days on which a side has no message although many lie in gaps of its evidence, with how many.

    A side without any message is not looked at: its evidence is empty as a whole.
    """
    if not any(present.values()):
        return {}
    return {
        day: count for day, count in sorted(absent.items()) if day and count >= MIN_MESSAGES and not present.get(day)
    }


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
    doubt=Doubt.ALWAYS,
    find=_find,
)
