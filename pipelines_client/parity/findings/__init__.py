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
    empty_days,
    foreign_writers,
    holes,
    name_variants,
    reordered,
    trait_fights,
    type_conflicts,
    volume_shifts,
)
from pipelines_client.parity.findings.base import Finding, FindingClass, Material
from pipelines_client.parity.model import ClassReport, Sample
from pipelines_client.parity.questions.rows import Question

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
"""The classes, the most urgent first: the report and the headline follow this order."""

BY_NAME: dict[str, FindingClass] = {each.name: each for each in CLASSES}

QUESTIONS: tuple[Question[Any], ...] = tuple(dict.fromkeys(each.question for each in CLASSES if each.question))
"""What only classes ask."""

ROWS_LISTED = 1000
_SAMPLES_EACH = 3


def find_classes(material: Material) -> tuple[tuple[ClassReport, ...], tuple[Sample, ...]]:
    """Return a report of every class, also of those without findings, and samples of those that bring examples."""
    findings = [(each, each.find(material)) for each in CLASSES]
    reports = tuple(_report(each, rows) for each, rows in findings)
    return reports, tuple(sample for each, rows in findings for sample in _samples(each, rows))


def _report(each: FindingClass, findings: list[Finding]) -> ClassReport:
    return ClassReport(
        name=each.name,
        title=each.title,
        unit=each.unit,
        meaning=each.meaning,
        advice=each.advice,
        count=sum(finding.row.count for finding in findings),
        rows=tuple(finding.row for finding in findings[:ROWS_LISTED]),
    )


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
