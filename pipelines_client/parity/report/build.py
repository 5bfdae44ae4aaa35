"""What a run collected → ParityReport. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.clock import iso_utc
from pipelines_client.evidence.instants import day_of
from pipelines_client.parity import model
from pipelines_client.parity.differences.explain import Explained, PathDrift, explain
from pipelines_client.parity.findings import find_classes
from pipelines_client.parity.findings.base import Material
from pipelines_client.parity.judgement.causes import LOSSES
from pipelines_client.parity.judgement.checks import judge_checks
from pipelines_client.parity.judgement.counts import compare_counts, judge_counts
from pipelines_client.parity.judgement.dimensions import dimension_rows
from pipelines_client.parity.judgement.evidence import is_whole_but_for_gaps
from pipelines_client.parity.judgement.gates import conclude, judge, unproven
from pipelines_client.parity.judgement.loss import find_unseen
from pipelines_client.parity.judgement.team_gates import judge_baseline, judge_rules
from pipelines_client.parity.model import CountsReport, ParityReport
from pipelines_client.parity.questions.related import TWINS
from pipelines_client.parity.questions.rows import (
    COUNTS,
    DUPLICATES,
    EVENTS,
    IDENTITY,
    LATENCY,
    MISSING_BY_CAUSE,
    RENAMED,
    SAMPLES,
    SLUGS,
    DuplicatesRow,
    EventsRow,
    MissingByCauseRow,
    RenamesRow,
)
from pipelines_client.parity.questions.watermarks import extent_of
from pipelines_client.parity.report.advice import Advice, advise, expired_words
from pipelines_client.parity.report.coverage import gap_reports, vouched_reports
from pipelines_client.parity.report.cured import cured_rows
from pipelines_client.parity.report.inputs import ReportInputs
from pipelines_client.parity.report.latency import latency_rows
from pipelines_client.parity.report.relations import Instead, relation_gates
from pipelines_client.parity.report.samples import identifiers_of, show_samples
from pipelines_client.parity.report.sources import source_report
from pipelines_client.parity.report.steps import StepFacts
from pipelines_client.parity.report.totals import (
    CausesBySide,
    causes_by_side,
    empty_days_by_side,
    evidence_of,
    totals_of,
)
from pipelines_client.parity.report.window import judged_of, pinned, stopped_of, window_of
from pipelines_client.parity.spell import percent
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from pipelines_client.parity.judgement.evidence import Evidence

_ROWS_LISTED = 1000


def build_report(inputs: ReportInputs) -> ParityReport:
    """Judge what a run collected, and return the report."""
    explained = explain(inputs.answers, inputs.drift, inputs.known, inputs.baseline)
    inputs = replace(inputs, answers=explained.answers)
    scope, rows, causes, gaps = inputs.scope, inputs.answers, causes_by_side(inputs), gap_reports(inputs)
    evidence, drift_by_path = evidence_of(inputs, gaps, explained), _drift_by_path(explained.paths)
    totals, judged = totals_of(inputs, causes, explained, evidence.sides), _judge(inputs, evidence, explained)
    found = judged.advise(totals, drift_by_path, _situation(inputs, causes, judged.instead, gaps))
    return ParityReport(
        generated_at=iso_utc(inputs.now),
        verdict=judged.verdict,
        headline=found.headline,
        advice=found.advice + expired_words(explained.expected),
        next_step=found.next_step,
        missing_by_event=_missing_by_event(rows[EVENTS]),
        window=window_of(inputs),
        sources=_sources(inputs),
        totals=totals,
        compared_dimensions=dimension_rows(evidence.comparisons, inputs.sources),
        judged=judged_of(inputs, is_whole=is_whole_but_for_gaps(evidence, scope.limits)),
        gates=judged.gates,
        expected=(*explained.expected, *cured_rows(totals.cured, scope.cures)),
        noise=explained.noise,
        unseen=find_unseen(rows, inputs.sources, scope.rules.gates, scope.limits, look=scope.look),
        gaps=gaps,
        complete=vouched_reports(inputs),
        missing_by_cause=causes,
        missing_by_reason=_reasons(rows[MISSING_BY_CAUSE]),
        drift_by_path=drift_by_path,
        drift_paths_cut=len(explained.paths) - len(drift_by_path),
        duplicates=_duplicates(rows[DUPLICATES]),
        identity=_identity(inputs),
        renamed=_renamed(rows[RENAMED]),
        classes=judged.classes,
        latency=latency_rows(rows[LATENCY]),
        events=tuple(_event(row) for row in rows[EVENTS]),
        counts=judged.counts,
        checks=judged.checks,
        samples=(*show_samples(rows[SAMPLES], explained.samples, is_redacted=scope.is_redacted), *judged.samples),
        is_redacted=scope.is_redacted,
    )


class _Judged(NamedTuple):
    """The gates, the findings, counts and checks that they judge, and what to give instead of unrelated sources."""

    gates: tuple[model.Gate, ...]
    classes: tuple[model.ClassReport, ...]
    samples: tuple[model.Sample, ...]
    counts: dict[str, CountsReport]
    checks: tuple[model.CheckReport, ...]
    instead: Instead

    @property
    def verdict(self) -> model.Verdict:
        return conclude(self.gates)

    def advise(self, totals: model.Totals, drift: tuple[model.DriftRow, ...], now: StepFacts) -> Advice:
        return advise(self.verdict, self.gates, totals, drift, self.classes, now)


def _judge(inputs: ReportInputs, evidence: Evidence, explained: Explained) -> _Judged:
    scope, rows, limits = inputs.scope, inputs.answers, inputs.scope.limits
    holes = {name: read.holes for name, read in inputs.sources.items()}
    classes, samples = find_classes(Material(rows, holes, empty_days_by_side(inputs), _first_day(inputs)))
    counts = _counts(inputs, evidence)
    check_gates, checks = judge_checks(inputs.checked, evidence, limits, is_redacted=scope.is_redacted)
    gates = (
        *judge(evidence, limits),
        *judge_counts(counts, limits),
        *judge_baseline(explained.noise, limits),
        *judge_rules(scope.rules.gates, evidence, rows[EVENTS], rows[DUPLICATES], classes, explained.unproven),
        *check_gates,
    )
    related, instead = relation_gates(scope.relations, rows.get(TWINS, []), inputs.sources, scope.spans)
    gates = (*related, *(unproven(gates) if scope.relations.apart else gates))
    return _Judged(gates, classes, samples, counts, checks, instead)


def _first_day(inputs: ReportInputs) -> str:
    """Return the first day that the evidence is about: that of the window, else of the first receipt or record."""
    scope = inputs.scope
    begun = (extent_of(name, scope.spans)[0] for name in scope.spans)
    first = min((at for at in begun if at is not None), default=None)
    return day_of(scope.settings.since_ms if scope.settings.since_ms is not None else first) or ""


def _situation(
    inputs: ReportInputs, causes: CausesBySide, instead: Instead, gaps: tuple[model.GapReport, ...]
) -> StepFacts:
    scope = inputs.scope
    window = window_of(inputs)
    return StepFacts(
        command=inputs.command,
        pinned=pinned(inputs.command, scope.window.mode, window),
        given=inputs.given,
        causes={side: counts for side, counts in causes.items() if counts is not None},
        settled=window.closes_at and f"{window.closes_at[:16]}Z",
        is_waiting=any(any(read.waiting.values()) for read in inputs.sources.values()),
        is_open=scope.window.closed.ends_ms is None,
        instead=instead.advice,
        moved=instead.moved,
        stopped=stopped_of(inputs),
        gaps=gaps,
    )


def _missing_by_event(rows: list[EventsRow]) -> tuple[model.MissingEventRow, ...]:
    """Count by side and event what is missing; the most frequent first."""
    counts: Counter[tuple[model.Side, str, str]] = Counter()
    for row in rows:
        for side in SIDES:
            counts[side, row.event, row.type] += getattr(row, f"missing_{side}")
    found = sorted(((key, count) for key, count in counts.items() if count), key=lambda item: (-item[1], item[0]))
    return tuple(
        model.MissingEventRow(side=side, event=event, type=kind, count=count)
        for (side, event, kind), count in found[:_ROWS_LISTED]
    )


def _sources(inputs: ReportInputs) -> dict[str, model.SourceReport]:
    empty = empty_days_by_side(inputs)
    return {name: source_report(name, read, inputs.scope, empty) for name, read in inputs.sources.items()}


def _reasons(rows: list[MissingByCauseRow]) -> tuple[model.ReasonRow, ...]:
    return tuple(model.ReasonRow(**row._asdict(), is_counted=row.cause in LOSSES) for row in rows)


def _duplicates(rows: list[DuplicatesRow]) -> model.Duplicates:
    return model.Duplicates(
        count=sum(row.count for row in rows), rows=tuple(model.DuplicateRow(**row._asdict()) for row in rows)
    )


def _identity(inputs: ReportInputs) -> model.Identity:
    rows = inputs.answers[IDENTITY]
    return model.Identity(
        count=len(rows),
        is_ledger_compared=bool(inputs.scope.settings.knows_identity and "ledger" in inputs.sources),
        rows=tuple(
            model.IdentityRow.model_validate(
                {**row._asdict(), "identifiers": identifiers_of(row.identifiers, row.type)}
            )
            for row in rows[:_ROWS_LISTED]
        ),
    )


def _renamed(rows: list[RenamesRow]) -> model.Renamed:
    return model.Renamed(
        count=sum(row.count for row in rows),
        rows=tuple(model.RenamedRow(**row._asdict()) for row in rows[:_ROWS_LISTED]),
    )


def _counts(inputs: ReportInputs, evidence: Evidence) -> dict[str, CountsReport]:
    rows, events, limits = inputs.answers[COUNTS], inputs.answers[EVENTS], inputs.scope.limits
    slugs = {row.event: bool(row.is_slug) for row in inputs.answers[SLUGS]}
    return {
        name: compare_counts(source, [row for row in rows if row.source == name], events, evidence, limits, slugs=slugs)
        for name, source in inputs.counted.items()
    }


def _drift_by_path(paths: dict[tuple[str, str], PathDrift]) -> tuple[model.DriftRow, ...]:
    entries = sorted(paths.items(), key=lambda item: (-item[1].count, item[0]))
    return tuple(
        model.DriftRow.model_validate(
            {
                "path": path,
                "kind": kind,
                "count": entry.count,
                "sides": dict(sorted(entry.sides.items())),
                "events": entry.top_events(),
            }
        )
        for (path, kind), entry in entries[:_ROWS_LISTED]
    )


@cache
def _event_fields() -> tuple[str, ...]:
    """Return what a row of the report takes from the answer as it is; a model looks its fields up anew each time."""
    return tuple(name for name in EventsRow._fields if name in model.EventRow.model_fields)


def _event(row: EventsRow) -> model.EventRow:
    missing: dict[model.Side, int] = {side: getattr(row, f"missing_{side}") for side in SIDES}
    meant: dict[model.Side, int] = {side: getattr(row, side) + count for side, count in missing.items()}
    health = [percent(count - getattr(row, f"bad_{side}"), count) for side, count in meant.items() if count]
    return model.EventRow(
        **{name: getattr(row, name) for name in _event_fields()},
        missing=missing,
        meant=meant,
        faults=row.bad + row.duplicates,
        health=round(min(health, default=100.0), 3),
    )
