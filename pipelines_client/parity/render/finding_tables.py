"""The tables of findings: what is missing, different, sent twice, renamed or deviates. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.parity.findings import BY_NAME
from pipelines_client.parity.render import words
from pipelines_client.parity.render.table import Cell, Heading, Mood, TextTable, number, table
from pipelines_client.parity.spell import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines_client.parity.model import ClassReport, ExpectedRow, ParityReport

_NOISE_MOODS: dict[str, Mood] = {"noise": "passed", "drift": "failed", "unproven": "inconclusive"}
_WEIGHT_MOODS: dict[str, Mood] = {"breaks": "failed", "unknown": "inconclusive"}
_SIDE, _EVENT, _DAY = Heading("Side", "short"), Heading("Event"), Heading("Day", "short")
_MESSAGES = Heading("Messages", "number")


def identity(report: ParityReport) -> Iterator[TextTable]:
    """List messages that name another person on one side."""
    count = report.identity.count
    return table(
        "identity",
        "Another identity",
        (Heading("Message"), _EVENT, _DAY, Heading("Differs at"), Heading("Differs in")),
        (
            (row.message_id, row.event, row.day, words.NAMES.get(row.side, row.side), ", ".join(row.identifiers))
            for row in report.identity.rows
        ),
        notes=(f"{plural(count, 'message')} with another person on one side.",) if count else (),
    )


def renamed(report: ParityReport) -> Iterator[TextTable]:
    """List events that go by another name on a side."""
    return table(
        "renamed",
        "Renamed",
        (Heading("Ledger"), Heading("Segment"), Heading("Customer.io"), _MESSAGES),
        (
            (*(name or "\N{EN DASH}" for name in (row.ledger, row.segment, row.customerio)), number(row.count))
            for row in report.renamed.rows
        ),
    )


def missing(report: ParityReport) -> Iterator[TextTable]:
    """Count absences by cause."""
    return table(
        "missing",
        "Missing by cause",
        (_SIDE, _MESSAGES, Heading("Cause"), Heading("Type", "short"), Heading("What to do", "prose")),
        (
            (words.NAMES[row.side], number(row.count), words.absence(row), row.type, words.cause_note(row))
            for row in report.missing_by_reason
        ),
    )


def drift(report: ParityReport) -> Iterator[TextTable]:
    """Count payload differences by path."""
    totals = report.totals
    partly = f"{totals.drift_examined:,} of {totals.drift:,} pairs were opened; these counts are of those."
    cut = report.drift_paths_cut
    more = [f"{plural(cut, 'more path')} with fewer messages, not listed."] if cut else []
    return table(
        "drift",
        "Drift by path",
        (Heading("Path"), _MESSAGES, Heading("Kind", "short"), Heading("Differs at"), Heading("Events")),
        (
            (row.path, number(row.count), words.cause(row.kind), words.sides(row), ", ".join(row.events))
            for row in report.drift_by_path
        ),
        notes=(*([partly] if totals.drift_examined < totals.drift and report.drift_by_path else []), *more),
    )


def expected(report: ParityReport) -> Iterator[TextTable]:
    """List the rules that explain a difference, and those that have expired."""
    found = [row for row in report.expected if row.count or not row.is_builtin]
    note = "Differences that a rule explains: counted here and nowhere else. Those of an expired rule count again."
    return table(
        "expected",
        "Expected differences",
        (Heading("Rule"), _MESSAGES, Heading("What"), Heading("Why"), Heading("Owner"), Heading("Until")),
        (
            (row.name, number(row.count), words.rule(row), row.reason, row.owner, _until(row))
            for row in sorted(found, key=lambda row: (not row.is_expired, -row.count, row.name))
        ),
        notes=(note,) if found else (),
    )


def noise(report: ParityReport) -> Iterator[TextTable]:
    """List the paths that were held against the baseline."""
    noise = report.noise
    if noise is None:
        return iter(())
    note = (
        f"{words.NAMES[noise.side]} compared with itself ({noise.path}): {noise.baseline_compared:,} pairs, and"
        f" {noise.compared:,} pairs in this report. The probability that noise alone is called drift is"
        f" {words.percentage(noise.error_pct)} or less."
    )
    return table(
        "noise",
        "Noise",
        (
            Heading("Path"),
            Heading("Kind", "short"),
            Heading("In this report", "number"),
            Heading("In the baseline", "number"),
            Heading("Result"),
        ),
        (
            (
                row.path,
                words.cause(row.kind),
                number(row.count),
                number(row.baseline_count),
                Cell(row.result, _NOISE_MOODS[row.result]),
            )
            for row in noise.rows
        ),
        notes=(note,),
    )


def effects(report: ParityReport) -> Iterator[TextTable]:
    """List what the routes change in the workspace, the gravest first, and where the rest is."""
    found = report.effects
    if found is None:
        return iter(())
    return table(
        "effects",
        "What changes in the workspace",
        (
            Heading("Weight", "short"),
            _MESSAGES,
            Heading("People", "number"),
            Heading("Change"),
            Heading("Cure", "prose"),
        ),
        (
            (
                Cell(row.weight, _WEIGHT_MOODS.get(row.weight)),
                number(row.messages),
                number(row.people),
                row.says,
                row.cure,
            )
            for row in found.changes
        ),
        notes=words.effects_lines(found),
    )


def duplicates(report: ParityReport) -> Iterator[TextTable]:
    """Count the extra rows of messages that a side has more than once."""
    return table(
        "duplicates",
        "Duplicates",
        (_SIDE, _EVENT, _MESSAGES, Heading("Extra rows", "number")),
        ((words.NAMES[row.side], row.event, number(row.messages), number(row.count)) for row in report.duplicates.rows),
    )


def counts(report: ParityReport) -> Iterator[TextTable]:
    """List the counts of other sources that differ by more than the limit."""
    return table(
        "counts",
        "Counts that differ",
        (Heading("Source", "short"), _EVENT, _DAY, Heading("Ours", "number"), Heading("Theirs", "number")),
        (
            (name, row.event, row.day or "all", number(row.ours), number(row.theirs))
            for name, row in words.counts_rows(report)
        ),
    )


def findings(report: ParityReport) -> Iterator[TextTable]:
    """List the other findings, a table for each class."""
    for found in report.classes:
        if found.count and not (found.name in BY_NAME and BY_NAME[found.name].has_own_table):
            yield from _finding(found)


def _finding(found: ClassReport) -> Iterator[TextTable]:
    return table(
        found.name,
        found.title,
        (_EVENT, Heading("Count", "number"), _SIDE, _DAY, Heading("Detail")),
        (
            (row.event or "\N{EN DASH}", number(row.count), words.NAMES.get(row.side, row.side), row.day, row.detail)
            for row in found.rows
        ),
        notes=(f"{words.class_count(found)}.",),
    )


def _until(row: ExpectedRow) -> str | Cell:
    if row.is_expired:
        return Cell(f"EXPIRED {row.expiry}", "failed")
    return "built in" if row.expiry is None else row.expiry
