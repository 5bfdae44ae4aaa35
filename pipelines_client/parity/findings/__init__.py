"""Classes of findings: what else is wrong with the messages, beyond missing ones and drift. Pure.

A class owns everything about its findings: words, question, rows, samples, and what its gate may prove. Classes know
neither each other nor the report. To add one, write a file here with a `FindingClass`, add it to `CLASSES`, and put its
question into `queries/` if it asks one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from pipelines_client.parity.findings import (
    arrivals,
    by_event,
    conflicting_duplicates,
    date_attributes,
    empty_days,
    foreign_writers,
    holes,
    identity_collisions,
    ineffective_identifies,
    name_variants,
    other_differences,
    reordered,
    shared_ids,
    trait_fights,
    type_conflicts,
    volume_shifts,
)
from pipelines_client.parity.findings.base import Finding, FindingClass, Material
from pipelines_client.parity.model import ClassReport, Sample, Side
from pipelines_client.parity.questions.rows import Question
from pipelines_client.sides import SIDES

CLASSES = (
    empty_days.CLASS,
    holes.CLASS,
    shared_ids.CLASS,
    by_event.MISSING,
    other_differences.CALL_TYPE,
    by_event.IDENTITY,
    by_event.DRIFT,
    other_differences.OTHER_TIME,
    other_differences.OTHER_CONTEXT,
    by_event.RENAMED,
    conflicting_duplicates.CLASS,
    by_event.DUPLICATES,
    foreign_writers.CLASS,
    reordered.CLASS,
    ineffective_identifies.CLASS,
    identity_collisions.COLLISIONS,
    type_conflicts.CLASS,
    date_attributes.CLASS,
    trait_fights.CLASS,
    name_variants.CLASS,
    volume_shifts.CLASS,
    arrivals.LATE,
    arrivals.SLOW,
    arrivals.CLOCK_SKEW,
    identity_collisions.LOOSE,
)
"""The classes, the most urgent first: the report and the headline follow this order."""

BY_NAME: dict[str, FindingClass] = {each.name: each for each in CLASSES}

QUESTIONS: tuple[Question[Any], ...] = tuple(dict.fromkeys(each.question for each in CLASSES if each.question))
"""What only classes ask."""

ROWS_LISTED = 1000
_SAMPLES_EACH = 3


def find_classes(
    material: Material, among: Iterable[FindingClass] = CLASSES
) -> tuple[tuple[ClassReport, ...], tuple[Sample, ...]]:
    """Return a report of each class, also of those without findings, and samples of those that bring examples."""
    findings = [(each, each.find(material)) for each in among]
    reports = tuple(_report(each, rows, material) for each, rows in findings)
    return reports, tuple(sample for each, rows in findings for sample in _samples(each, rows))


def _report(each: FindingClass, findings: list[Finding], material: Material) -> ClassReport:
    return ClassReport(
        name=each.name,
        title=each.title,
        unit=each.unit,
        meaning=each.meaning,
        advice=each.advice,
        count=sum(finding.row.count for finding in findings),
        sides={side: _count_at(side, each, findings, material) for side in SIDES},
        rows=tuple(finding.row for finding in findings[:ROWS_LISTED]),
    )


def _count_at(side: Side, each: FindingClass, findings: list[Finding], material: Material) -> int:
    if each.count_at is not None:
        return each.count_at(material, side)
    return sum(finding.row.count for finding in findings if finding.row.side == side or finding.row.side not in SIDES)


def _samples(each: FindingClass, findings: list[Finding]) -> Iterable[Sample]:
    seen: Counter[str] = Counter()
    for row, example, reason in findings:
        seen[row.side] += example is not None
        if example is not None and seen[row.side] <= _SAMPLES_EACH:
            yield Sample(
                kind=each.sample,
                side=row.side,
                cause="",
                reason=reason or row.detail,
                message_id=example.message_id,
                type=row.type,
                event=row.event,
                day=row.day,
                **example.places,
            )
