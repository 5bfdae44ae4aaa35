"""The tables of a report: their titles, columns, words and rows, once for the terminal, Markdown and the page. Pure.

`finding_tables.py` has those of findings. To add a table, write a function that takes the report and returns its
tables, and add it to `SECTIONS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.parity.model import Verdict
from pipelines_client.parity.model.dimensions import DIMENSIONS
from pipelines_client.parity.render import finding_tables, words
from pipelines_client.parity.render.table import Cell, Heading, Mood, TextTable, number, share, table
from pipelines_client.parity.spell import duration, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipelines_client.parity.model import CheckReport, ParityReport, TrendDay

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
GRADE_MOODS: dict[str, Mood] = {
    "healthy": "passed",
    "acceptable": "passed",
    "slow": "inconclusive",
    "trouble": "failed",
}

_ANSWER_MOODS: dict[str, Mood] = {"same": "passed", "different": "failed", "not_compared": "inconclusive"}

_PLACES = 5
"""Unreadable places that are listed for each source."""

_SIDE, _EVENT, _DAY = Heading("Side", "short"), Heading("Event"), Heading("Day", "short")
_FROM, _UNTIL = Heading("From", "short"), Heading("Until", "short")
_MESSAGES = Heading("Messages", "number")


def tables(report: ParityReport) -> list[TextTable]:
    """Return the tables that have something to show, in reading order."""
    return [each for section in SECTIONS for each in section(report)]


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
                number(day.runs),
                number(day.messages),
                share(day.missing_pct),
                share(day.drift_pct),
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


def _compared(report: ParityReport) -> Iterator[TextTable]:
    """Tabulate how many messages were compared in each dimension."""
    return table(
        "compared",
        "What was compared",
        (
            Heading("Dimension"),
            _SIDE,
            _MESSAGES,
            Heading("Compared", "number"),
            Heading("Different", "number"),
            Heading("Answer"),
        ),
        (
            (
                DIMENSIONS[row.dimension],
                words.NAMES[row.side],
                number(row.messages),
                number(row.compared),
                number(row.different),
                Cell(words.cause(row.answer), _ANSWER_MOODS[row.answer]),
            )
            for row in report.compared_dimensions
        ),
        notes=("What was not compared is not known to be the same. Expected differences are among the different.",)
        if report.compared_dimensions
        else (),
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
        (tuple(number(value) if isinstance(value, int) else value or "" for value in row) for row in check.rows),
        notes=(f"{plural(more, 'more row')}, not shown.",) if more > 0 else (),
    )


def _latency(report: ParityReport) -> Iterator[TextTable]:
    """Tabulate how long messages took to each side."""
    note = (
        "Delivery: from the call to the arrival. Clocks: receipt time by the vendor's clock minus sending time by ours."
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
                number(row.messages),
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
                number(row.messages),
                number(row.missing),
                share(row.at_most_pct),
                share(row.limit_pct),
                "never" if row.needed is None else number(row.needed),
            )
            for row in report.unseen.thin
        ),
        notes=words.loss_lines(report),
        short=words.loss_short(report),
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
                *map(number, (counts.rows, counts.messages, counts.duplicates, counts.rejected_lines)),
                words.missing_at(report, name),
                words.minute(source.watermark),
            )
            for name, source, counts in found
        ),
        notes=(words.where(name, source) for name, source, _ in found),
        alerts=(f"{words.NAMES[name]}: {text}" for name, text in words.alerts(report, places=_PLACES)),
    )


def _coverage(report: ParityReport) -> Iterator[TextTable]:
    """Tabulate what the evidence does not cover, and who vouches for what."""
    yield from table(
        "gaps",
        "Gaps in the evidence",
        (_SIDE, Heading("Calls", "short"), _FROM, _UNTIL, Heading("Absent", "number"), Heading("There", "number")),
        (
            (
                words.NAMES[gap.side],
                ", ".join(gap.types) or "all",
                words.minute(gap.since),
                words.minute(gap.until),
                number(gap.absent),
                number(gap.present),
            )
            for gap in report.gaps
        ),
        notes=words.gap_notes(report),
    )
    yield from table(
        "complete",
        "Vouched for",
        (_SIDE, _FROM, _UNTIL, Heading("Absent", "number"), Heading("Owner", "short"), Heading("Reason", "prose")),
        (
            (
                words.NAMES[row.side],
                words.minute(row.since),
                words.minute(row.until),
                number(row.absent),
                row.owner,
                row.reason if row.absent else f"{row.reason} (not needed: no gap there)",
            )
            for row in report.complete
        ),
        notes=("What is absent there counts as missing.",) if report.complete else (),
    )


SECTIONS: tuple[Callable[[ParityReport], Iterator[TextTable]], ...] = (
    _advice,
    _readiness,
    _sources,
    _coverage,
    _gates,
    _compared,
    finding_tables.identity,
    finding_tables.renamed,
    finding_tables.missing,
    finding_tables.drift,
    finding_tables.expected,
    finding_tables.noise,
    finding_tables.effects,
    finding_tables.duplicates,
    finding_tables.counts,
    finding_tables.findings,
    _checks,
    _latency,
    _loss,
)
"""The sections, in reading order."""


def _verdict(day: TrendDay) -> str:
    return f"{MARKS[day.verdict]} {'no run' if day.verdict is None else words.VERDICTS[day.verdict].lower()}"
