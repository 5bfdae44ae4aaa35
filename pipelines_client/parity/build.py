"""Answers of the engine → ParityReport. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from pipelines_client.ledger import iso_utc
from pipelines_client.parity import report as parts
from pipelines_client.parity.advice import advise, expired_words
from pipelines_client.parity.checks import Answer, judge_checks
from pipelines_client.parity.classes import find_classes
from pipelines_client.parity.counts import CountsReport, CountsSource, compare_counts, judge_counts
from pipelines_client.parity.excuses import Baseline, PathDrift, excuse
from pipelines_client.parity.expected import Known
from pipelines_client.parity.gates import judge_baseline, judge_rules
from pipelines_client.parity.instants import iso_ms
from pipelines_client.parity.latency import latency_rows
from pipelines_client.parity.pairs import DriftFound
from pipelines_client.parity.report import ParityReport
from pipelines_client.parity.rules import Rules
from pipelines_client.parity.samples import show_samples
from pipelines_client.parity.unseen import find_unseen
from pipelines_client.parity.verdict import SIDES, TITLES, Evidence, Limits, SourceEvidence, conclude, judge, percent
from pipelines_client.parity.volume import empty_days

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines_client.parity.engine import Settings
    from pipelines_client.parity.lines import Rejected
    from pipelines_client.parity.packs import Reading
    from pipelines_client.parity.sources import Listing

CAUSES = (
    "accepted_but_absent",
    "rejected",
    "dropped",
    "in_spool",
    "foreign_writer",
    "unknown",
    "skipped",
    "too_young",
    "expected",
)
"""Why a message may be absent; the last three are no loss and do not count against the gate."""

NOT_COUNTED = frozenset(("skipped", "too_young", "expected"))
PROVEN = frozenset(("rejected", "dropped"))

_ROWS_LISTED = 1000
_NOTES_LISTED = 5

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SourceRead:
    """One source as it was read."""

    path: str
    listing: Listing
    reading: Reading
    holes: tuple[str, ...]
    waiting: parts.Counts
    fidelity: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, and what the answers depend on."""

    limits: Limits
    rules: Rules
    settings: Settings
    spans: dict[str, Row]
    legs: tuple[str, ...]
    mode: Literal["ledger", "given", "all"]
    is_redacted: bool
    look: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that a report is made of."""

    asked: Asked
    reads: dict[str, SourceRead]
    answers: dict[str, list[Row]]
    drift: DriftFound
    now: datetime
    counted: dict[str, CountsSource] = field(default_factory=dict)
    known: tuple[Known, ...] = ()
    baseline: Baseline | None = None
    checked: tuple[Answer, ...] = ()


def build_report(found: Found) -> ParityReport:
    """Write down what was found, and judge it."""
    excused = excuse(found.answers, found.drift, found.known, found.baseline)
    found = replace(found, answers=excused.answers)
    causes = _causes(found)
    counts = _counts(found)
    empty = _empty_days(found)
    totals = _totals(found, causes).model_copy(
        update={"drift_expected": excused.expected_drift, "drift_noise": excused.noise_drift}
    )
    drift_by_path = _drift_by_path(excused.paths)
    rows = found.answers
    evidence = replace(_evidence(found, causes, empty), unproven_drift=excused.unproven)
    classes, samples = find_classes(rows, {name: read.holes for name, read in found.reads.items()}, empty)
    limits = found.asked.limits
    of_checks, checks = judge_checks(found.checked, evidence.sources, limits, is_redacted=found.asked.is_redacted)
    gates = (
        *judge(evidence, limits),
        *judge_counts(counts, limits),
        *judge_baseline(excused.noise, limits),
        *judge_rules(found.asked.rules.gates, evidence, rows["events"], rows["duplicates"], classes),
        *of_checks,
    )
    verdict = conclude(gates)
    headline, advice = advise(verdict, gates, causes, totals, drift_by_path, classes)
    return ParityReport(
        generated_at=iso_utc(found.now),
        verdict=verdict,
        headline=headline,
        advice=advice + expired_words(excused.expected),
        window=_window(found),
        sources={name: _source(name, read, found.asked, empty) for name, read in found.reads.items()},
        totals=totals,
        gates=gates,
        expected=excused.expected,
        noise=excused.noise,
        unseen=find_unseen(rows, found.reads, found.asked.rules.gates, found.asked.limits, look=found.asked.look),
        missing_by_cause=causes,
        missing_by_reason=tuple(
            parts.ReasonRow(**row, is_counted=row["cause"] not in NOT_COUNTED) for row in rows["missing_by_cause"]
        ),
        drift_by_path=drift_by_path,
        duplicates=parts.Duplicates(
            count=sum(row["count"] for row in rows["duplicates"]),
            rows=tuple(parts.DuplicateRow(**row) for row in rows["duplicates"]),
        ),
        identity=parts.Identity(
            count=len(rows["identity"]),
            is_ledger_compared=bool(found.asked.settings.knows_identity and "ledger" in found.reads),
            rows=tuple(parts.IdentityRow(**row) for row in rows["identity"][:_ROWS_LISTED]),
        ),
        renamed=parts.Renamed(
            count=sum(row["count"] for row in rows["renamed"]),
            rows=tuple(parts.RenamedRow(**row) for row in rows["renamed"][:_ROWS_LISTED]),
        ),
        classes=classes,
        latency=latency_rows(rows["latency"]),
        events=tuple(_event(row) for row in rows["events"]),
        counts=counts,
        checks=checks,
        samples=(*show_samples(rows["samples"], excused.samples, is_redacted=found.asked.is_redacted), *samples),
        is_redacted=found.asked.is_redacted,
    )


def _counts(found: Found) -> dict[str, CountsReport]:
    rows, events, limits = found.answers["counts"], found.answers["events"], found.asked.limits
    return {
        name: compare_counts(source, [row for row in rows if row["source"] == name], events, found.reads, limits)
        for name, source in found.counted.items()
    }


def _causes(found: Found) -> dict[parts.Side, parts.Counts | None]:
    counts: dict[str, Counter[str]] = {side: Counter() for side in SIDES}
    for row in found.answers["missing_by_cause"]:
        counts[row["side"]][row["cause"]] += row["count"]
    return {side: _ordered(counts[side]) if side in found.reads else None for side in ("segment", "customerio")}


def _ordered(counts: Counter[str]) -> parts.Counts:
    return {cause: counts[cause] for cause in CAUSES}


def _sum(causes: dict[parts.Side, parts.Counts | None], which: frozenset[str]) -> dict[parts.Side, int | None]:
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
            for row in found.answers["events"]:
                present[row["day"]] += row[side]
            rows = found.answers["absent_days"]
            empty[side] = empty_days(
                present, {(row["day"], row["cause"]): row["count"] for row in rows if row["side"] == side}
            )
    return empty


def _evidence(
    found: Found, causes: dict[parts.Side, parts.Counts | None], empty: dict[str, dict[str, int]]
) -> Evidence:
    total = found.answers["totals"][0]

    def by_side(which: frozenset[str]) -> dict[str, int]:
        return {side: count for side, count in _sum(causes, which).items() if count is not None}

    return Evidence(
        messages=total["messages"],
        compared=total["compared"],
        drift=total["drift"],
        identity=total["identity"],
        renamed=total["renamed"],
        sources={
            name: _source_evidence(name, read, total, empty.get(name, {}), found.asked.legs)
            for name, read in found.reads.items()
        },
        missing=by_side(frozenset(CAUSES) - NOT_COUNTED),
        proven_missing=by_side(PROVEN),
        too_young=by_side(frozenset(("too_young",))),
        is_identity_compared=set(SIDES) <= set(found.reads) or bool(found.asked.settings.knows_identity),
        days=_messages_by_day(found),
    )


def _messages_by_day(found: Found) -> tuple[int, ...]:
    by_day: Counter[str] = Counter()
    for row in found.answers["events"]:
        by_day[row["day"]] += row["messages"]
    return tuple(by_day.values())


def _source_evidence(
    name: str, read: SourceRead, total: Row, empty: dict[str, int], legs: tuple[str, ...]
) -> SourceEvidence:
    gaps = [f"{place.file}:{place.line}: {place.reason}" for place in read.reading.incomplete]
    gaps += [f"{hole} is missing" for hole in read.holes]
    gaps += [f"nothing of {day}, where {lacking:,} are absent" for day, lacking in empty.items()]
    if not read.reading.rows:
        gaps.append("it is empty")
    return SourceEvidence(
        rows=total[f"{name}_rows"],
        messages=total[f"{name}_messages"],
        duplicates=total[f"{name}_duplicates"],
        rejected_lines=read.reading.rejected_lines,
        files=len(read.listing.files),
        gaps=tuple(gaps),
        waiting=min((read.waiting.get(leg, 0) for leg in legs), default=0),  # what one leg has settled is in a record
    )


def _totals(found: Found, causes: dict[parts.Side, parts.Counts | None]) -> parts.Totals:
    total = found.answers["totals"][0]
    sources = {
        name: parts.SourceTotals(
            rows=total[f"{name}_rows"],
            messages=total[f"{name}_messages"],
            duplicates=total[f"{name}_duplicates"],
            rejected_lines=read.reading.rejected_lines,
        )
        for name, read in found.reads.items()
    }
    return parts.Totals(
        messages=total["messages"],
        matched=total["matched"],
        compared=total["compared"],
        drift=total["drift"],
        drift_examined=found.drift.examined,
        missing=_sum(causes, frozenset(CAUSES) - NOT_COUNTED),
        skipped=_sum(causes, frozenset(("skipped",))),
        too_young=_sum(causes, frozenset(("too_young",))),
        expected=_sum(causes, frozenset(("expected",))),
        unrecorded=total["unrecorded"],
        ledger=sources.get("ledger"),
        segment=sources.get("segment"),
        customerio=sources.get("customerio"),
    )


def _window(found: Found) -> parts.Window:
    settings, span = found.asked.settings, found.asked.spans.get("ledger", {})
    since, until = settings.since_ms, settings.until_ms
    if found.asked.mode == "ledger":
        since, until = span["first_appended_ms"], span["last_appended_ms"]
        chosen = (
            "Everything in the ledger, from its first to its last message; of what the ledger never saw, only what"
            " arrived after its first message. --all takes in the rest."
        )
    elif found.asked.mode == "given":
        chosen = "As given, by when a message happened: the ledger's word, else Segment's, else Customer.io's sent_at."
    else:
        chosen = "Everything in the sources."
    outside = {name: found.answers["outside"][0][name] for name in found.reads}
    return parts.Window(mode=found.asked.mode, since=iso_ms(since), until=iso_ms(until), chosen=chosen, outside=outside)


def _source(name: str, read: SourceRead, asked: Asked, empty: dict[str, dict[str, int]]) -> parts.SourceReport:
    span = asked.spans.get(name, {})
    first, last = (
        ("first_appended_ms", "last_appended_ms") if name == "ledger" else ("first_received_ms", "last_received_ms")
    )
    return parts.SourceReport(
        path=read.path,
        files=len(read.listing.files),
        bytes=sum(file.bytes for file in read.listing.files),
        rows=read.reading.rows,
        rejected_lines=read.reading.rejected_lines,
        rejected=tuple(map(_place, read.reading.rejected)),
        incomplete=tuple(map(_place, read.reading.incomplete)),
        holes=read.holes,
        empty_days=tuple(empty.get(name, ())),
        waiting=read.waiting,
        ignored_files=len(read.listing.ignored),
        first_at=iso_ms(span.get(first)),
        watermark=iso_ms(span.get(last)),
        notes=(*([read.fidelity] if read.fidelity else []), *_notes(name, read, asked), *_some(read.reading.notes)),
    )


def _some(notes: list[str]) -> list[str]:
    """Return the first few notes of reading, and how many more there are."""
    more = len(notes) - _NOTES_LISTED
    return [*notes[:_NOTES_LISTED], *([f"and {more} more files like these"] if more > 0 else [])]


def _notes(name: str, read: SourceRead, asked: Asked) -> list[str]:
    notes = []
    if read.waiting:
        legs = " and ".join(f"{count:,} for {TITLES.get(leg, leg)}" for leg, count in read.waiting.items())
        notes.append(
            f"Its run files speak of messages that wait in a spool: {legs}. What waits for every leg is in no record"
            " yet, so it is not counted here: drain the spools, then run again."
        )
    if name == "ledger" and not asked.settings.knows_identity:
        notes.append(
            "No identity key beside the ledger or in PIPELINES_LEDGER_KEY: its identities were not compared, only those"
            " of the two exports."
        )
    if name == "ledger":
        notes += [
            f"The ledger has no record of the {side} leg: it was never configured, or nothing has left its spool yet."
            for side in SIDES
            if side not in asked.legs and "ledger" in asked.spans and getattr(asked.settings, f"has_{side}")
        ]
    return notes


def _place(place: Rejected) -> parts.Place:
    return parts.Place(file=place.file, line=place.line, reason=place.reason)


def _drift_by_path(paths: dict[tuple[str, str], PathDrift]) -> tuple[parts.DriftRow, ...]:
    entries = sorted(paths.items(), key=lambda item: (-item[1].count, item[0]))
    return tuple(
        parts.DriftRow.model_validate(
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


def _event(row: Row) -> parts.EventRow:
    return parts.EventRow(
        **{name: row[name] for name in parts.EventRow.model_fields if name in row},
        missing={"segment": row["missing_segment"], "customerio": row["missing_customerio"]},
        faults=row["bad"] + row["duplicates"],
        health=round(percent(row["messages"] - row["bad"], row["messages"]), 3),
    )


__all__ = ["CAUSES", "NOT_COUNTED", "TITLES", "Asked", "Found", "SourceRead", "build_report"]
