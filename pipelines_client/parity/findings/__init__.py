"""Classes of findings: one file for each, in the order in which one would look at them. Pure.

A new class is a file here with a `FindingClass`, its place in `CLASSES`, and its question in `queries/` if it asks one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pipelines_client.parity import model as parts
from pipelines_client.parity.findings import (
    arrivals,
    by_event,
    conflicting_duplicates,
    empty_days,
    foreign_writers,
    holes,
    name_variants,
    reordered,
    trait_fights,
    type_conflicts,
    volume_shifts,
)
from pipelines_client.parity.findings.base import ROWS_LISTED, Finding, FindingClass, Material, places_of

_SAMPLES_EACH = 3

CLASSES = (
    by_event.IDENTITY,
    by_event.RENAMED,
    empty_days.CLASS,
    holes.CLASS,
    by_event.MISSING,
    by_event.DRIFT,
    conflicting_duplicates.CLASS,
    by_event.DUPLICATES,
    foreign_writers.CLASS,
    reordered.CLASS,
    type_conflicts.CLASS,
    trait_fights.CLASS,
    name_variants.CLASS,
    volume_shifts.CLASS,
    arrivals.LATE,
    arrivals.SLOW,
    arrivals.CLOCK_SKEW,
)
"""The classes, in the order in which one would look at them."""

BY_NAME: dict[str, FindingClass] = {each.name: each for each in CLASSES}
QUESTIONS = tuple(dict.fromkeys(each.question for each in CLASSES if each.question))
"""What is asked for them alone."""


def find_classes(material: Material) -> tuple[tuple[parts.ClassReport, ...], tuple[parts.Sample, ...]]:
    """Return every class, also those of which there is nothing, and samples of those that `samples` does not have."""
    found = [(each, each.find(material)) for each in CLASSES]
    reports = tuple(_report(each, findings) for each, findings in found)
    return reports, tuple(sample for each, findings in found for sample in _samples(each, findings))


def _report(each: FindingClass, found: list[Finding]) -> parts.ClassReport:
    return parts.ClassReport(
        name=each.name,
        title=each.title,
        unit=each.unit,
        meaning=each.meaning,
        advice=each.advice,
        count=sum(finding.row.count for finding in found),
        rows=tuple(finding.row for finding in found[:ROWS_LISTED]),
    )


def _samples(each: FindingClass, found: list[Finding]) -> Iterable[parts.Sample]:
    seen: Counter[str] = Counter()
    for row, sample in found:
        seen[row.side] += sample is not None
        if sample is not None and seen[row.side] <= _SAMPLES_EACH:
            yield parts.Sample(
                kind=each.sample,
                side=row.side,
                cause="",
                reason=sample.get("reason", row.detail),
                message_id=sample["message_id"],
                type=row.type,
                event=row.event,
                day=row.day,
                **places_of(sample),
            )
