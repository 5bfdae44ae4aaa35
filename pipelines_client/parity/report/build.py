"""What a run collected → ParityReport. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.clock import iso_utc
from pipelines_client.evidence.instants import iso_ms
from pipelines_client.parity import model
from pipelines_client.parity.differences.explain import PathDrift, explain
from pipelines_client.parity.findings import find_classes
from pipelines_client.parity.findings.base import Material
from pipelines_client.parity.judgement.causes import LOSSES
from pipelines_client.parity.judgement.checks import judge_checks
from pipelines_client.parity.judgement.counts import compare_counts, judge_counts
from pipelines_client.parity.judgement.gates import conclude, judge
from pipelines_client.parity.judgement.loss import find_unseen
from pipelines_client.parity.judgement.team_gates import judge_baseline, judge_rules
from pipelines_client.parity.model import CountsReport, ParityReport
from pipelines_client.parity.questions.rows import (
    COUNTS,
    DUPLICATES,
    EVENTS,
    IDENTITY,
    LATENCY,
    MISSING_BY_CAUSE,
    OUTSIDE,
    RENAMED,
    SAMPLES,
    SLUGS,
    DuplicatesRow,
    EventsRow,
    MissingByCauseRow,
    RenamesRow,
)
from pipelines_client.parity.report.advice import advise, expired_words
from pipelines_client.parity.report.inputs import ReportInputs
from pipelines_client.parity.report.latency import latency_rows
from pipelines_client.parity.report.samples import show_samples
from pipelines_client.parity.report.sources import source_report
from pipelines_client.parity.report.totals import causes_by_side, empty_days_by_side, evidence_of, totals_of
from pipelines_client.parity.spell import percent

if TYPE_CHECKING:
    from pipelines_client.parity.judgement.evidence import Evidence

_ROWS_LISTED = 1000


def build_report(inputs: ReportInputs) -> ParityReport:
    """Judge what a run collected, and return the report."""
    explained = explain(inputs.answers, inputs.drift, inputs.known, inputs.baseline)
    inputs = replace(inputs, answers=explained.answers)
    scope, rows = inputs.scope, inputs.answers
    causes, empty = causes_by_side(inputs), empty_days_by_side(inputs)
    totals, drift_by_path = totals_of(inputs, causes, explained), _drift_by_path(explained.paths)
    judged = _judge(inputs, evidence_of(inputs, causes, empty, explained), empty, explained.noise)
    verdict = conclude(judged.gates)
    headline, advice = advise(verdict, judged.gates, causes, totals, drift_by_path, judged.classes)
    return ParityReport(
        generated_at=iso_utc(inputs.now),
        verdict=verdict,
        headline=headline,
        advice=advice + expired_words(explained.expected),
        window=_window(inputs),
        sources={name: source_report(name, read, scope, empty) for name, read in inputs.sources.items()},
        totals=totals,
        gates=judged.gates,
        expected=explained.expected,
        noise=explained.noise,
        unseen=find_unseen(rows, inputs.sources, scope.rules.gates, scope.limits, look=scope.look),
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
    """The gates, and the findings, counts and checks that they judge."""

    gates: tuple[model.Gate, ...]
    classes: tuple[model.ClassReport, ...]
    samples: tuple[model.Sample, ...]
    counts: dict[str, CountsReport]
    checks: tuple[model.CheckReport, ...]


def _judge(
    inputs: ReportInputs, evidence: Evidence, empty: dict[str, dict[str, int]], noise: model.Noise | None
) -> _Judged:
    scope, rows, limits = inputs.scope, inputs.answers, inputs.scope.limits
    holes = {name: read.holes for name, read in inputs.sources.items()}
    classes, samples = find_classes(Material(rows, holes, empty))
    counts = _counts(inputs, evidence)
    check_gates, checks = judge_checks(inputs.checked, evidence.sources, limits, is_redacted=scope.is_redacted)
    gates = (
        *judge(evidence, limits),
        *judge_counts(counts, limits),
        *judge_baseline(noise, limits),
        *judge_rules(scope.rules.gates, evidence, rows[EVENTS], rows[DUPLICATES], classes),
        *check_gates,
    )
    return _Judged(gates, classes, samples, counts, checks)


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
        rows=tuple(model.IdentityRow(**row._asdict()) for row in rows[:_ROWS_LISTED]),
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
        name: compare_counts(
            source, [row for row in rows if row.source == name], events, evidence.sources, limits, slugs=slugs
        )
        for name, source in inputs.counted.items()
    }


def _window(inputs: ReportInputs) -> model.Window:
    settings, ledger = inputs.scope.settings, inputs.scope.spans.get("ledger")
    since, until = settings.since_ms, settings.until_ms
    if inputs.scope.mode == "ledger" and ledger is not None:
        since, until = ledger.first_appended_ms, ledger.last_appended_ms
        chosen = (
            "Everything in the ledger, from its first to its last message. Messages that are not in the ledger count"
            " only if they arrived after its first message; --all includes the others."
        )
    elif inputs.scope.mode == "given":
        chosen = "As given, by the time of a message: that of the ledger, else of Segment, else Customer.io's sent_at."
    else:
        chosen = "Everything in the sources."
    outside = {name: getattr(inputs.answers[OUTSIDE][0], name) for name in inputs.sources}
    return model.Window(
        mode=inputs.scope.mode, since=iso_ms(since), until=iso_ms(until), chosen=chosen, outside=outside
    )


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


def _event(row: EventsRow) -> model.EventRow:
    return model.EventRow(
        **{name: value for name, value in row._asdict().items() if name in model.EventRow.model_fields},
        missing={"segment": row.missing_segment, "customerio": row.missing_customerio},
        faults=row.bad + row.duplicates,
        health=round(percent(row.messages - row.bad, row.messages), 3),
    )
