"""The tables of a report: their titles, columns, words and rows, once for the terminal, Markdown and the page. Pure.

To add a table, write a function that takes the report and returns its tables, and add it to `SECTIONS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.parity.findings import BY_NAME
from pipelines_client.parity.model import Verdict
from pipelines_client.parity.render import words
from pipelines_client.parity.render.table import Cell, Heading, Mood, TextTable, table
from pipelines_client.parity.spell import duration, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

from pipelines_client.parity.model import CheckReport, ClassReport, ExpectedRow, ParityReport, TrendDay

MOODS: dict[Verdict | None, Mood] = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.INCONCLUSIVE: "inconclusive",
    None: "inconclusive",
}
MARKS = {
    Verdict.PASS: "\N{CHECK MARK}",
    Verdict.FAIL: "\N{MULTIPLICATION X}",
    Verdict.INCONCLUSIVE: "?",
    None: "\N{EN DASH}",
}
_NOISE_MOODS: dict[str, Mood] = {"noise": "passed", "drift": "failed", "unproven": "inconclusive"}
GRADE_MOODS: dict[str, Mood] = {
    "healthy": "passed",
    "acceptable": "passed",
    "slow": "inconclusive",
    "trouble": "failed",
}
"""Classes of findings that have a table with more columns than `_finding` shows."""

_PLACES = 5
"""Unreadable places that are listed for each source."""

_SIDE, _EVENT, _DAY = Heading("Side", "short"), Heading("Event"), Heading("Day", "short")
_MESSAGES = Heading("Messages", "number")


def tables(report: ParityReport) -> list[TextTable]:
    """Return the tables that have something to show, in reading order."""
    return [each for section in SECTIONS for each in section(report)]


def _number(value: int) -> Cell:
    return Cell(f"{value:,}", sort=value)


def _share(value: float) -> Cell:
    return Cell(words.percentage(value), sort=value)


def _advice(report: ParityReport) -> Iterator[TextTable]:
    """Tabulate what was found and what to do about it."""
    return table(
        "advice",
        "What to do",
        (Heading("Finding", "short"), Heading("Count", "number"), Heading("What it means and what to do", "prose")),
        (
            (found.title, words.class_count(found), f"{found.meaning} {found.advice}")
            for found in report.classes
            if found.count
        ),
    )


def _readiness(report: ParityReport) -> Iterator[TextTable]:
    """Tabulate the verdicts of the last days, newest first."""
    ready = report.readiness
    if ready is None:
        return iter(())
    numbers = (Heading(title, "number") for title in ("Runs", "Messages", "Missing", "Drift"))
    return table(
        "readiness",
        "Readiness",
        (_DAY, Heading("Verdict"), *numbers, Heading("Counts"), Heading("Why", "prose")),
        (
            (
                day.day,
                Cell(_verdict(day), MOODS[day.verdict]),
                _number(day.runs),
                _number(day.messages),
                _share(day.missing_pct),
                _share(day.drift_pct),
                "yes" if day.is_in_row else "",
                day.note,
            )
            for day in reversed(ready.trend)
        ),
        notes=(words.readiness(report),),
    )


def _gates(report: ParityReport) -> Iterator[TextTable]:
    """Tabulate each gate's number and its limit."""
    return table(
        "gates",
        "Gates",
        (
            Heading("Gate"),
            Heading("Result", "short"),
            Heading("Found", "number"),
            Heading("Limit", "number"),
            Heading("Evidence", "prose"),
        ),
        (
            (
                words.gate_title(gate),
                Cell(gate.result, gate.result),
                Cell(words.amount(gate.actual, gate.unit), sort=gate.actual),
                Cell(words.limit(gate), sort=gate.limit),
                gate.evidence,
            )
            for gate in report.gates
        ),
        notes=("A gate fails only on proof, and passes only on whole evidence; anything else is inconclusive.",),
    )


def _identity(report: ParityReport) -> Iterator[TextTable]:
    """List messages that name another person on one side."""
    count = report.identity.count
    return table(
        "identity",
        "Another identity",
        (Heading("Message"), _EVENT, _DAY, Heading("Differs at")),
        ((row.message_id, row.event, row.day, words.NAMES.get(row.side, row.side)) for row in report.identity.rows),
        notes=(f"{plural(count, 'message')} with another person on one side.",) if count else (),
    )


def _renamed(report: ParityReport) -> Iterator[TextTable]:
    """List events that go by another name on a side."""
    return table(
        "renamed",
        "Renamed",
        (Heading("Ledger"), Heading("Segment"), Heading("Customer.io"), _MESSAGES),
        (
            (*(name or "\N{EN DASH}" for name in (row.ledger, row.segment, row.customerio)), _number(row.count))
            for row in report.renamed.rows
        ),
    )


def _missing(report: ParityReport) -> Iterator[TextTable]:
    """Count absences by cause."""
    return table(
        "missing",
        "Missing by cause",
        (_SIDE, _MESSAGES, Heading("Cause"), Heading("Type", "short"), Heading("What to do", "prose")),
        (
            (words.NAMES[row.side], _number(row.count), words.absence(row), row.type, words.cause_note(row))
            for row in report.missing_by_reason
        ),
    )


def _drift(report: ParityReport) -> Iterator[TextTable]:
    """Count payload differences by path."""
    totals = report.totals
    partly = f"{totals.drift_examined:,} of {totals.drift:,} pairs were opened; these counts are of those."
    return table(
        "drift",
        "Drift by path",
        (Heading("Path"), _MESSAGES, Heading("Kind", "short"), Heading("Differs at"), Heading("Events")),
        (
            (row.path, _number(row.count), words.cause(row.kind), words.sides(row), ", ".join(row.events))
            for row in report.drift_by_path
        ),
        notes=(partly,) if totals.drift_examined < totals.drift and report.drift_by_path else (),
    )


def _expected(report: ParityReport) -> Iterator[TextTable]:
    """List the rules that explain a difference, and those that have expired."""
    found = [row for row in report.expected if row.count or not row.is_builtin]
    note = "Differences that a rule explains: counted here and nowhere else. Those of an expired rule count again."
    return table(
        "expected",
        "Expected differences",
        (Heading("Rule"), _MESSAGES, Heading("What"), Heading("Why"), Heading("Owner"), Heading("Until")),
        (
            (row.name, _number(row.count), words.rule(row), row.reason, row.owner, _until(row))
            for row in sorted(found, key=lambda row: (not row.is_expired, -row.count, row.name))
        ),
        notes=(note,) if found else (),
    )


def _noise(report: ParityReport) -> Iterator[TextTable]:
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
                _number(row.count),
                _number(row.baseline_count),
                Cell(row.result, _NOISE_MOODS[row.result]),
            )
            for row in noise.rows
        ),
        notes=(note,),
    )


def _duplicates(report: ParityReport) -> Iterator[TextTable]:
    """Count the extra rows of messages that a side has more than once."""
    return table(
        "duplicates",
        "Duplicates",
        (_SIDE, _EVENT, _MESSAGES, Heading("Extra rows", "number")),
        (
            (words.NAMES[row.side], row.event, _number(row.messages), _number(row.count))
            for row in report.duplicates.rows
        ),
    )


def _counts(report: ParityReport) -> Iterator[TextTable]:
    """List the counts of other sources that differ by more than the limit."""
    return table(
        "counts",
        "Counts that differ",
        (Heading("Source", "short"), _EVENT, _DAY, Heading("Ours", "number"), Heading("Theirs", "number")),
        (
            (name, row.event, row.day or "all", _number(row.ours), _number(row.theirs))
            for name, row in words.counts_rows(report)
        ),
    )


def _findings(report: ParityReport) -> Iterator[TextTable]:
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
            (row.event or "\N{EN DASH}", _number(row.count), words.NAMES.get(row.side, row.side), row.day, row.detail)
            for row in found.rows
        ),
        notes=(f"{words.class_count(found)}.",),
    )


def _checks(report: ParityReport) -> Iterator[TextTable]:
    """List the results of the checks, then the rows of each check that did not pass."""
    yield from table(
        "checks",
        "Truth checks",
        (Heading("Check"), Heading("Result", "short"), Heading("Found")),
        ((check.name, Cell(check.result, check.result), check.words) for check in report.checks),
    )
    for check in report.checks:
        if check.result != "passed" and check.rows:
            yield from _check_rows(check)


def _check_rows(check: CheckReport) -> Iterator[TextTable]:
    more = check.count - len(check.rows)
    return table(
        "check",
        f"Check: {check.name}",
        tuple(map(Heading, check.columns)),
        (tuple(_number(value) if isinstance(value, int) else value or "" for value in row) for row in check.rows),
        notes=(f"{plural(more, 'more row')}, not shown.",) if more > 0 else (),
    )


def _latency(report: ParityReport) -> Iterator[TextTable]:
    """Tabulate how long messages took to each side."""
    note = (
        "Delivery: from the call to the arrival. Clocks: from sending to arriving, by the clocks of the two machines."
        " Healthy: up to 10 s; acceptable: up to 60 s; slow: up to 2 min; trouble: more. Deliveries are graded by p99,"
        " clocks by p50."
    )
    lags = (Heading(title, "number") for title in ("p50", "p90", "p99", "Max"))
    return table(
        "latency",
        "Latency",
        (_SIDE, Heading("Measure", "short"), Heading("Grade", "short"), *lags, _MESSAGES),
        (
            (
                words.NAMES[row.side],
                words.measure(row),
                Cell(row.grade, GRADE_MOODS[row.grade]),
                *(Cell(duration(ms), sort=ms) for ms in (row.p50_ms, row.p90_ms, row.p99_ms, row.max_ms)),
                _number(row.messages),
            )
            for row in report.latency
        ),
        notes=(note,) if report.latency else (),
    )


def _loss(report: ParityReport) -> Iterator[TextTable]:
    """Tabulate what is proven about loss, and the events with too few messages to prove their limit."""
    numbers = (Heading(title, "number") for title in ("Seen", "Missing", "At most", "Limit", "Needed"))
    return table(
        "loss",
        "Largest possible loss",
        (_EVENT, Heading("Side", "short"), *numbers),
        (
            (
                row.event,
                words.NAMES[row.side],
                _number(row.messages),
                _number(row.missing),
                _share(row.at_most_pct),
                _share(row.limit_pct),
                "never" if row.needed is None else _number(row.needed),
            )
            for row in report.unseen.thin
        ),
        notes=words.loss_lines(report),
    )


def _sources(report: ParityReport) -> Iterator[TextTable]:
    """Tabulate what each source has in the window, and what could not be read of it."""
    numbers = (Heading(title, "number") for title in ("Rows", "Messages", "Duplicates", "Unreadable", "Missing"))
    found = words.sources(report)
    return table(
        "sources",
        "Sources",
        (Heading("Source", "short"), *numbers, Heading("Last seen")),
        (
            (
                words.NAMES[name],
                *map(_number, (counts.rows, counts.messages, counts.duplicates, counts.rejected_lines)),
                words.missing_at(report, name),
                words.minute(source.watermark),
            )
            for name, source, counts in found
        ),
        notes=(words.where(name, source) for name, source, _ in found),
        alerts=(f"{words.NAMES[name]}: {text}" for name, text in words.alerts(report, places=_PLACES)),
    )


SECTIONS: tuple[Callable[[ParityReport], Iterator[TextTable]], ...] = (
    _advice,
    _readiness,
    _sources,
    _gates,
    _identity,
    _renamed,
    _missing,
    _drift,
    _expected,
    _noise,
    _duplicates,
    _counts,
    _findings,
    _checks,
    _latency,
    _loss,
)
"""The sections, in reading order."""


def _verdict(day: TrendDay) -> str:
    return f"{MARKS[day.verdict]} {'no run' if day.verdict is None else words.VERDICTS[day.verdict].lower()}"


def _until(row: ExpectedRow) -> str | Cell:
    if row.is_expired:
        return Cell(f"EXPIRED {row.expiry}", "failed")
    return "built in" if row.expiry is None else row.expiry
