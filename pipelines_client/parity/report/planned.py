"""What a tracking plan says of a finding: a name that is not planned, another type, another date spelling. Pure.

Parity reads no plan: it is given names and words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipelines_client.keywords import nearest
from pipelines_client.parity.model import ClassReport, ClassRow, ParityReport

_TYPES, _DATES = "type_conflicts", "date_attributes"


@dataclass(frozen=True, slots=True)
class PlannedNames:
    """What a plan says, as plain names and words.

    Attributes:
        events: What to say of each planned event; empty if it is simply sent.
        aliases: The planned name of each other name.
        types: The types of a property in words, by kind of call, event and path: `("track", "Order Completed",
            "properties.total")`. The event is empty for people and groups.
        dates: How dates are written, in words; empty if the plan does not say.
    """

    events: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    dates: str = ""


def with_plan_words(report: ParityReport, planned: PlannedNames | None) -> ParityReport:
    """Return the report with what the plan says behind the detail of each row; without a plan the report itself."""
    if planned is None:
        return report
    return report.model_copy(update={"classes": tuple(_told(each, planned) for each in report.classes)})


def _told(each: ClassReport, planned: PlannedNames) -> ClassReport:
    rows = tuple(_with_words(row, [*_words(row, each.name, planned)]) for row in each.rows)
    return each.model_copy(update={"rows": rows})


def _with_words(row: ClassRow, words: list[str]) -> ClassRow:
    return row.model_copy(update={"detail": "; ".join(filter(None, [row.detail, *words]))}) if words else row


def _words(row: ClassRow, name: str, planned: PlannedNames) -> Iterator[str]:
    event = row.event if row.type == "track" else ""
    if event and planned.events:
        yield from _of_event(event, planned)
    if name == _TYPES:
        kind = planned.types.get((row.type, event, row.detail.partition(": ")[0]))
        if kind:
            yield f"plan: {kind}"
    if name == _DATES and planned.dates:
        yield f"plan: {planned.dates}"


def _of_event(event: str, planned: PlannedNames) -> Iterator[str]:
    if event in planned.aliases and event not in planned.events:
        yield f"planned as {planned.aliases[event]}"
    elif event not in planned.events:
        near = nearest(event, planned.events)
        yield "not in the plan" + (f" (nearest name: {near})" if near else "")
    elif planned.events[event]:
        yield planned.events[event]
