"""The counts over all events, and what the gates ask of them. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pipelines_client.parity import model
from pipelines_client.parity.findings.empty_days import empty_days
from pipelines_client.parity.judgement.causes import (
    CAUSE_OF,
    CAUSES,
    EXPECTED,
    FOREIGN_WRITER,
    LOSSES,
    PROVEN,
    SKIPPED,
    TOO_YOUNG,
)
from pipelines_client.parity.judgement.evidence import Evidence
from pipelines_client.parity.questions.rows import ABSENT_DAYS, EVENTS, MISSING_BY_CAUSE, TOTALS
from pipelines_client.parity.report.sources import source_evidence
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Container

    from pipelines_client.parity.differences.explain import Explained
    from pipelines_client.parity.report.inputs import ReportInputs

CausesBySide = dict[model.Side, "model.Counts | None"]


def causes_by_side(inputs: ReportInputs) -> CausesBySide:
    """Count by side what it lacks, by cause; None for a side that was not given."""
    counts: dict[str, Counter[str]] = {side: Counter() for side in SIDES}
    for row in inputs.answers[MISSING_BY_CAUSE]:
        counts[row.side][row.cause] += row.count
    return {side: _ordered(counts[side]) if side in inputs.sources else None for side in ("segment", "customerio")}


def _ordered(counts: Counter[str]) -> model.Counts:
    return {cause.name: counts[cause.name] for cause in CAUSES}


def _sum(causes: CausesBySide, which: Container[str]) -> dict[model.Side, int | None]:
    return {
        side: None if counts is None else sum(count for cause, count in counts.items() if cause in which)
        for side, counts in causes.items()
    }


def empty_days_by_side(inputs: ReportInputs) -> dict[str, dict[str, int]]:
    """Return by side the days on which it has no messages, with how many it lacks."""
    empty: dict[str, dict[str, int]] = {}
    for side in SIDES:
        if side in inputs.sources:
            present: Counter[str] = Counter()
            for row in inputs.answers[EVENTS]:
                present[row.day] += getattr(row, side)
            absent: Counter[tuple[str, bool]] = Counter()
            for lack in inputs.answers[ABSENT_DAYS]:
                if lack.side == side:
                    absent[lack.day, CAUSE_OF[lack.cause].is_accepted] += lack.count
            empty[side] = empty_days(present, absent)
    return empty


def evidence_of(
    inputs: ReportInputs, causes: CausesBySide, empty: dict[str, dict[str, int]], explained: Explained
) -> Evidence:
    """Return what the gates judge."""
    total = inputs.answers[TOTALS][0]

    def by_side(which: Container[str]) -> dict[str, int]:
        return {side: count for side, count in _sum(causes, which).items() if count is not None}

    return Evidence(
        messages=total.messages,
        compared=total.compared,
        drift=total.drift,
        identity=total.identity,
        renamed=total.renamed,
        sources={
            name: source_evidence(name, read, total, empty.get(name, {}), inputs.scope.legs)
            for name, read in inputs.sources.items()
        },
        missing=by_side(LOSSES),
        proven_missing=by_side(PROVEN),
        foreign_missing=by_side({FOREIGN_WRITER.name}),
        too_young=by_side({TOO_YOUNG.name}),
        is_identity_compared=bool(total.owned)
        or (not total.messages and (set(SIDES) <= set(inputs.sources) or bool(inputs.scope.settings.knows_identity))),
        unproven_drift=explained.unproven,
        days=_messages_by_day(inputs),
    )


def _messages_by_day(inputs: ReportInputs) -> tuple[int, ...]:
    by_day: Counter[str] = Counter()
    for row in inputs.answers[EVENTS]:
        by_day[row.day] += row.messages
    return tuple(by_day.values())


def totals_of(inputs: ReportInputs, causes: CausesBySide, explained: Explained) -> model.Totals:
    """Return the totals of a report."""
    total = inputs.answers[TOTALS][0]
    sources = {
        name: model.SourceTotals(
            rows=getattr(total, f"{name}_rows"),
            messages=getattr(total, f"{name}_messages"),
            duplicates=getattr(total, f"{name}_duplicates"),
            rejected_lines=read.reading.rejected_lines,
        )
        for name, read in inputs.sources.items()
    }
    return model.Totals(
        messages=total.messages,
        matched=total.matched,
        compared=total.compared,
        drift=total.drift,
        drift_expected=explained.expected_drift,
        drift_noise=explained.noise_drift,
        drift_examined=inputs.drift.examined,
        missing=_sum(causes, LOSSES),
        skipped=_sum(causes, {SKIPPED.name}),
        too_young=_sum(causes, {TOO_YOUNG.name}),
        expected=_sum(causes, {EXPECTED.name}),
        unrecorded=total.unrecorded,
        **sources,
    )
