"""What is wrong in calls themselves, on either route: values of a report. Pure.

A caller that can ask questions over all lines finds these, since one call shows none of them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EffectsFindingRow:
    """Findings of one kind: how many, in which calls, and what is the case.

    Attributes:
        type: The type of the calls; empty if it is about people.
        event: The event's name or the type of the calls; empty if it is about people.
        count: How many, in the unit of the finding.
        detail: What is the case, with path or writer.
    """

    type: str
    event: str
    count: int
    detail: str


@dataclass(frozen=True, slots=True)
class EffectsFinding:
    """One class of findings.

    Attributes:
        name: Its name, as in the reports of parity.
        title: For people.
        unit: What is counted, in the plural.
        count: The sum over all rows.
        says: What is the case.
        cure: What to do about it.
        rows: The first 1,000.
    """

    name: str
    title: str
    unit: str
    count: int
    says: str
    cure: str
    rows: tuple[EffectsFindingRow, ...]
