"""Parts of the report as tables of texts, said once for the terminal, HTML and Markdown. Pure.

The texts are as they came from outside: each rendering makes them safe in its own way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from pipelines_client.parity.model import Verdict
from pipelines_client.parity.render import words
from pipelines_client.parity.spell import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines_client.parity.model import CheckReport, ExpectedRow, ParityReport, TrendDay

Mood = Literal["passed", "failed", "inconclusive"]

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


class Tag(NamedTuple):
    """A cell whose text is a judgement."""

    text: str
    mood: Mood


Row = tuple[str | Tag, ...]


class Section(NamedTuple):
    """A table below a title, or only notes. Columns in `numbers` stand to the right; the first column names the row."""

    title: str
    notes: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    numbers: frozenset[str]


def _section(
    title: str, notes: Iterable[str], heads: tuple[str, ...], rows: Iterable[Row], numbers: frozenset[str]
) -> Section:
    """Make a section, without the columns that say nothing."""
    kept = tuple(rows)
    used = [place for place in range(len(heads)) if any(row[place] for row in kept)]
    return Section(
        title,
        tuple(notes),
        tuple(heads[place] for place in used),
        tuple(tuple(row[place] for place in used) for row in kept),
        numbers,
    )


def sections(report: ParityReport) -> list[Section]:
    """Return the parts of which there is something, in the order in which they are read."""
    found = (readiness(report), unseen(report), expected(report), noise(report), *checks(report))
    return [section for section in found if section is not None]


def readiness(report: ParityReport) -> Section | None:
    """Show how many passing days there are, and the days of late."""
    ready = report.readiness
    if ready is None:
        return None
    rows: list[Row] = [
        (
            day.day,
            Tag(_verdict(day), MOODS[day.verdict]),
            f"{day.runs:,}",
            f"{day.messages:,}",
            words.percentage(day.missing_pct),
            words.percentage(day.drift_pct),
            "in the row" if day.is_in_row else "",
            day.note,
        )
        for day in reversed(ready.trend)
    ]
    numbers = ("Runs", "Messages", "Missing", "Drift")
    heads = ("Day", "Verdict", *numbers, "Counts", "Why")
    return _section("Readiness", (words.readiness(report),), heads, rows, frozenset(numbers))


def expected(report: ParityReport) -> Section | None:
    """Show the rules that explain a difference, and those that no longer may."""
    found = [row for row in report.expected if row.count or not row.is_builtin]
    if not found:
        return None
    rows: list[Row] = [
        (
            row.name,
            f"{row.count:,}",
            words.rule(row),
            row.reason,
            row.owner,
            _until(row),
        )
        for row in sorted(found, key=lambda row: (not row.is_expired, -row.count, row.name))
    ]
    heads = ("Rule", "Messages", "What", "Why", "Owner", "Until")
    note = "Differences that a rule explains: counted here and nowhere else. Those of an expired rule count again."
    return _section("Expected differences", (note,), heads, rows, frozenset(("Messages",)))


def noise(report: ParityReport) -> Section | None:
    """Show which paths differ no more than a side differs from itself."""
    if report.noise is None:
        return None
    found = report.noise
    moods: dict[str, Mood] = {"noise": "passed", "drift": "failed", "unproven": "inconclusive"}
    rows: list[Row] = [
        (
            row.path,
            words.cause(row.kind),
            f"{row.count:,}",
            f"{row.baseline_count:,}",
            Tag(row.result, moods[row.result]),
        )
        for row in found.rows
    ]
    note = (
        f"{words.NAMES[found.side]} against itself ({found.path}): {found.baseline_compared:,} pairs, beside the"
        f" {found.compared:,} of this report. The chance that noise alone is called drift is"
        f" {words.percentage(found.error_pct)} at most."
    )
    numbers = ("Here", "In the baseline")
    return _section("Noise", (note,), ("Path", "Kind", *numbers, "Is"), rows, frozenset(numbers))


def unseen(report: ParityReport) -> Section:
    """Show what is proven about loss, and of which events too little was seen."""
    rows: list[Row] = [
        (
            row.event,
            words.NAMES[row.side],
            f"{row.messages:,}",
            f"{row.missing:,}",
            words.percentage(row.at_most_pct),
            words.percentage(row.limit_pct),
            "never" if row.needed is None else f"{row.needed:,}",
        )
        for row in report.unseen.thin
    ]
    numbers = ("Seen", "Missing", "At most", "Limit", "Needed")
    heads = ("Too little evidence of", "Side", *numbers)
    return _section("What was not seen", words.unseen_lines(report), heads, rows, frozenset(numbers))


def checks(report: ParityReport) -> list[Section]:
    """Show what the truth checks came to, and below it the rows of each that did not pass."""
    if not report.checks:
        return []
    rows: list[Row] = [(check.name, Tag(check.result, check.result), check.words) for check in report.checks]
    every = _section("Truth checks", (), ("Check", "Result", "Found"), rows, frozenset())
    return [every, *(_rows(check) for check in words.broken_checks(report))]


def _rows(check: CheckReport) -> Section:
    more = check.count - len(check.rows)
    notes = (f"{plural(more, 'more row')}, not shown.",) if more > 0 else ()
    cells = [tuple(words.cell(value) for value in row) for row in check.rows]
    return _section(f"Check: {check.name}", notes, check.columns, cells, frozenset())


def _verdict(day: TrendDay) -> str:
    return f"{MARKS[day.verdict]} {'no run' if day.verdict is None else words.VERDICTS[day.verdict].lower()}"


def _until(row: ExpectedRow) -> str | Tag:
    if row.is_expired:
        return Tag(f"EXPIRED {row.expiry}", "failed")
    return "built in" if row.expiry is None else row.expiry
