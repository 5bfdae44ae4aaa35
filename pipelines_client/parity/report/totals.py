"""The counts over all events, and what the gates ask of them. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines_client.parity import model
from pipelines_client.parity.findings.empty_days import empty_days
from pipelines_client.parity.findings.shared_ids import QUESTION as SHARED_IDS
from pipelines_client.parity.judgement.causes import (
    CAUSES,
    EXPECTED,
    LOSSES,
    SKIPPED,
    TOO_YOUNG,
)
from pipelines_client.parity.judgement.dimensions import Comparisons, by_dimension
from pipelines_client.parity.judgement.evidence import Evidence, Population, population_of
from pipelines_client.parity.questions.coverage_rows import ABSENT_DAYS
from pipelines_client.parity.questions.rows import (
    COMPARISONS,
    EVENTS,
    IDENTITY_KEY,
    MISSING_BY_CAUSE,
    TOTALS,
)
from pipelines_client.parity.report.sources import source_evidence
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from pipelines_client.parity.differences.explain import Explained
    from pipelines_client.parity.report.inputs import ReportInputs

CausesBySide = dict[model.Side, "model.Counts | None"]


def causes_by_side(inputs: ReportInputs) -> CausesBySide:
    """Count by side what it lacks, by cause; None for a side that was not given."""
    counts: dict[str, Counter[str]] = {side: Counter() for side in SIDES}
    for row in inputs.answers[MISSING_BY_CAUSE]:
        counts[row.side][row.cause] += row.count
    return {side: _ordered(counts[side]) if side in inputs.sources else None for side in SIDES}


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
            absent = {lack.day: lack.count for lack in inputs.answers[ABSENT_DAYS] if lack.side == side}
            empty[side] = empty_days(present, absent)
    return empty


def evidence_of(inputs: ReportInputs, gaps: tuple[model.GapReport, ...], explained: Explained) -> Evidence:
    """Return what the gates judge."""
    total, key = inputs.answers[TOTALS][0], inputs.answers[IDENTITY_KEY][0]
    unproven = Counter[str]()
    for (_, side), count in explained.unproven.items():
        unproven[side] += count
    sides: dict[str, Population] = {
        side: population_of(side, inputs.answers[EVENTS], unproven_drift=unproven[side])
        for side in SIDES
        if side in inputs.sources
    }
    sources = {
        name: source_evidence(
            name,
            read,
            total,
            inputs.scope.legs,
            uncovered=tuple(gap.words for gap in gaps if gap.side == name),
            is_vouched=any(count for span, count in inputs.scope.coverage.used.items() if span.side == name),
        )
        for name, read in inputs.sources.items()
    }
    if "ledger" in sources and sides:
        least = min(there.meant for there in sides.values())
        sources["ledger"] = replace(sources["ledger"], least_meant=least)
    return Evidence(
        messages=total.messages,
        identity=total.identity,
        renamed=total.renamed,
        sources=sources,
        sides=sides,
        unproven_drift=unproven[""],
        knows_ledger_identity="ledger" not in inputs.sources or bool(inputs.scope.settings.knows_identity),
        comparisons=comparisons_of(inputs),
        shared_ids=sum(row.count for row in inputs.answers[SHARED_IDS]),
        key_misfits=0 if key.same else key.compared,
    )


def comparisons_of(inputs: ReportInputs) -> Comparisons:
    """Return what was compared in each dimension, by side."""
    names_context = bool(inputs.scope.rules.compare.context)
    return by_dimension(inputs.answers[COMPARISONS], names_context=names_context)


def totals_of(
    inputs: ReportInputs, causes: CausesBySide, explained: Explained, populations: Mapping[str, Population]
) -> model.Totals:
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
        cured=total.cured,
        drift_examined=inputs.drift.examined,
        missing=_sum(causes, LOSSES),
        skipped=_sum(causes, {SKIPPED.name}),
        too_young=_sum(causes, {TOO_YOUNG.name}),
        expected=_sum(causes, {EXPECTED.name}),
        unrecorded=total.unrecorded,
        sides={side: _side_totals(populations[side]) for side in SIDES if side in populations},
        **sources,
    )


def _side_totals(there: Population) -> model.SideTotals:
    return model.SideTotals(
        meant=there.meant,
        **{name: getattr(there, name) for name in model.SideTotals.model_fields if name != "meant"},
    )
