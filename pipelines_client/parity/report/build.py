"""Answers of the engine → ParityReport. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines_client.clock import iso_utc
from pipelines_client.evidence.instants import iso_ms
from pipelines_client.parity import model
from pipelines_client.parity.differences.explain import PathDrift, explain
from pipelines_client.parity.findings import find_classes
from pipelines_client.parity.findings.base import Material
from pipelines_client.parity.findings.empty_days import empty_days
from pipelines_client.parity.judgement.causes import (
    CAUSES,
    EXPECTED,
    FOREIGN_WRITER,
    LOSSES,
    PROVEN,
    SKIPPED,
    TOO_YOUNG,
)
from pipelines_client.parity.judgement.checks import judge_checks
from pipelines_client.parity.judgement.counts import compare_counts, judge_counts
from pipelines_client.parity.judgement.evidence import Evidence
from pipelines_client.parity.judgement.gates import conclude, judge
from pipelines_client.parity.judgement.loss import find_unseen
from pipelines_client.parity.judgement.team_gates import judge_baseline, judge_rules
from pipelines_client.parity.model import CountsReport, ParityReport
from pipelines_client.parity.questions.rows import (
    ABSENT_DAYS,
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
    TOTALS,
    DuplicatesRow,
    EventsRow,
    MissingByCauseRow,
    RenamesRow,
)
from pipelines_client.parity.report.advice import advise, expired_words
from pipelines_client.parity.report.inputs import Found
from pipelines_client.parity.report.latency import latency_rows
from pipelines_client.parity.report.samples import show_samples
from pipelines_client.parity.report.sources import source_evidence, source_report
from pipelines_client.parity.spell import percent
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Container

_ROWS_LISTED = 1000


def build_report(found: Found) -> ParityReport:
    """Write down what was found, and judge it."""
    explained = explain(found.answers, found.drift, found.known, found.baseline)
    found = replace(found, answers=explained.answers)
    causes = _causes(found)
    empty = _empty_days(found)
    totals = _totals(found, causes).model_copy(
        update={"drift_expected": explained.expected_drift, "drift_noise": explained.noise_drift}
    )
    drift_by_path = _drift_by_path(explained.paths)
    rows = found.answers
    evidence = replace(_evidence(found, causes, empty), unproven_drift=explained.unproven)
    counts = _counts(found, evidence)
    classes, samples = find_classes(Material(rows, {name: read.holes for name, read in found.reads.items()}, empty))
    limits = found.asked.limits
    of_checks, checks = judge_checks(found.checked, evidence.sources, limits, is_redacted=found.asked.is_redacted)
    gates = (
        *judge(evidence, limits),
        *judge_counts(counts, limits),
        *judge_baseline(explained.noise, limits),
        *judge_rules(found.asked.rules.gates, evidence, rows[EVENTS], rows[DUPLICATES], classes),
        *of_checks,
    )
    verdict = conclude(gates)
    headline, advice = advise(verdict, gates, causes, totals, drift_by_path, classes)
    return ParityReport(
        generated_at=iso_utc(found.now),
        verdict=verdict,
        headline=headline,
        advice=advice + expired_words(explained.expected),
        window=_window(found),
        sources={name: source_report(name, read, found.asked, empty) for name, read in found.reads.items()},
        totals=totals,
        gates=gates,
        expected=explained.expected,
        noise=explained.noise,
        unseen=find_unseen(rows, found.reads, found.asked.rules.gates, found.asked.limits, look=found.asked.look),
        missing_by_cause=causes,
        missing_by_reason=_reasons(rows[MISSING_BY_CAUSE]),
        drift_by_path=drift_by_path,
        duplicates=_duplicates(rows[DUPLICATES]),
        identity=_identity(found),
        renamed=_renamed(rows[RENAMED]),
        classes=classes,
        latency=latency_rows(rows[LATENCY]),
        events=tuple(_event(row) for row in rows[EVENTS]),
        counts=counts,
        checks=checks,
        samples=(*show_samples(rows[SAMPLES], explained.samples, is_redacted=found.asked.is_redacted), *samples),
        is_redacted=found.asked.is_redacted,
    )


def _reasons(rows: list[MissingByCauseRow]) -> tuple[model.ReasonRow, ...]:
    return tuple(model.ReasonRow(**row._asdict(), is_counted=row.cause in LOSSES) for row in rows)


def _duplicates(rows: list[DuplicatesRow]) -> model.Duplicates:
    return model.Duplicates(
        count=sum(row.count for row in rows), rows=tuple(model.DuplicateRow(**row._asdict()) for row in rows)
    )


def _identity(found: Found) -> model.Identity:
    rows = found.answers[IDENTITY]
    return model.Identity(
        count=len(rows),
        is_ledger_compared=bool(found.asked.settings.knows_identity and "ledger" in found.reads),
        rows=tuple(model.IdentityRow(**row._asdict()) for row in rows[:_ROWS_LISTED]),
    )


def _renamed(rows: list[RenamesRow]) -> model.Renamed:
    return model.Renamed(
        count=sum(row.count for row in rows),
        rows=tuple(model.RenamedRow(**row._asdict()) for row in rows[:_ROWS_LISTED]),
    )


def _counts(found: Found, evidence: Evidence) -> dict[str, CountsReport]:
    rows, events, limits = found.answers[COUNTS], found.answers[EVENTS], found.asked.limits
    slugs = {row.event: bool(row.is_slug) for row in found.answers[SLUGS]}
    return {
        name: compare_counts(
            source, [row for row in rows if row.source == name], events, evidence.sources, limits, slugs=slugs
        )
        for name, source in found.counted.items()
    }


def _causes(found: Found) -> dict[model.Side, model.Counts | None]:
    counts: dict[str, Counter[str]] = {side: Counter() for side in SIDES}
    for row in found.answers[MISSING_BY_CAUSE]:
        counts[row.side][row.cause] += row.count
    return {side: _ordered(counts[side]) if side in found.reads else None for side in ("segment", "customerio")}


def _ordered(counts: Counter[str]) -> model.Counts:
    return {cause.name: counts[cause.name] for cause in CAUSES}


def _sum(causes: dict[model.Side, model.Counts | None], which: Container[str]) -> dict[model.Side, int | None]:
    return {
        side: None if counts is None else sum(count for cause, count in counts.items() if cause in which)
        for side, counts in causes.items()
    }


def _empty_days(found: Found) -> dict[str, dict[str, int]]:
    """Return by side the days on which it has nothing, with how much it lacks."""
    empty = {}
    for side in SIDES:
        if side in found.reads:
            present: Counter[str] = Counter()
            for row in found.answers[EVENTS]:
                present[row.day] += getattr(row, side)
            rows = found.answers[ABSENT_DAYS]
            empty[side] = empty_days(present, {(row.day, row.cause): row.count for row in rows if row.side == side})
    return empty


def _evidence(
    found: Found, causes: dict[model.Side, model.Counts | None], empty: dict[str, dict[str, int]]
) -> Evidence:
    total = found.answers[TOTALS][0]

    def by_side(which: Container[str]) -> dict[str, int]:
        return {side: count for side, count in _sum(causes, which).items() if count is not None}

    return Evidence(
        messages=total.messages,
        compared=total.compared,
        drift=total.drift,
        identity=total.identity,
        renamed=total.renamed,
        sources={
            name: source_evidence(name, read, total, empty.get(name, {}), found.asked.legs)
            for name, read in found.reads.items()
        },
        missing=by_side(LOSSES),
        proven_missing=by_side(PROVEN),
        foreign_missing=by_side({FOREIGN_WRITER.name}),
        too_young=by_side({TOO_YOUNG.name}),
        is_identity_compared=bool(total.owned)
        or (not total.messages and (set(SIDES) <= set(found.reads) or bool(found.asked.settings.knows_identity))),
        days=_messages_by_day(found),
    )


def _messages_by_day(found: Found) -> tuple[int, ...]:
    by_day: Counter[str] = Counter()
    for row in found.answers[EVENTS]:
        by_day[row.day] += row.messages
    return tuple(by_day.values())


def _totals(found: Found, causes: dict[model.Side, model.Counts | None]) -> model.Totals:
    total = found.answers[TOTALS][0]
    sources = {
        name: model.SourceTotals(
            rows=getattr(total, f"{name}_rows"),
            messages=getattr(total, f"{name}_messages"),
            duplicates=getattr(total, f"{name}_duplicates"),
            rejected_lines=read.reading.rejected_lines,
        )
        for name, read in found.reads.items()
    }
    return model.Totals(
        messages=total.messages,
        matched=total.matched,
        compared=total.compared,
        drift=total.drift,
        drift_examined=found.drift.examined,
        missing=_sum(causes, LOSSES),
        skipped=_sum(causes, {SKIPPED.name}),
        too_young=_sum(causes, {TOO_YOUNG.name}),
        expected=_sum(causes, {EXPECTED.name}),
        unrecorded=total.unrecorded,
        ledger=sources.get("ledger"),
        segment=sources.get("segment"),
        customerio=sources.get("customerio"),
    )


def _window(found: Found) -> model.Window:
    settings, ledger = found.asked.settings, found.asked.spans.get("ledger")
    since, until = settings.since_ms, settings.until_ms
    if found.asked.mode == "ledger" and ledger is not None:
        since, until = ledger.first_appended_ms, ledger.last_appended_ms
        chosen = (
            "Everything in the ledger, from its first to its last message; of what the ledger never saw, only what"
            " arrived after its first message. --all takes in the rest."
        )
    elif found.asked.mode == "given":
        chosen = "As given, by when a message happened: the ledger's word, else Segment's, else Customer.io's sent_at."
    else:
        chosen = "Everything in the sources."
    outside = {name: getattr(found.answers[OUTSIDE][0], name) for name in found.reads}
    return model.Window(mode=found.asked.mode, since=iso_ms(since), until=iso_ms(until), chosen=chosen, outside=outside)


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
        for (path, kind), entry in entries
    )


def _event(row: EventsRow) -> model.EventRow:
    return model.EventRow(
        **{name: value for name, value in row._asdict().items() if name in model.EventRow.model_fields},
        missing={"segment": row.missing_segment, "customerio": row.missing_customerio},
        faults=row.bad + row.duplicates,
        health=round(percent(row.messages - row.bad, row.messages), 3),
    )
