"""The report as Markdown, for a pull request or a chat. Every text from outside is one safe cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipelines_client.parity.render import words
from pipelines_client.parity.render.sections import Tag, sections
from pipelines_client.parity.spell import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines_client.parity.model import ParityReport

_SPECIAL = re.compile(
    r"([\\`*_\[\]()#|~$@]|:(?=//)|(?<=www)\.)", re.IGNORECASE
)  # the last two: GitHub links bare addresses
_RESULTS = {"passed": "passed", "failed": "**failed**", "inconclusive": "**inconclusive**"}
MOST_CHARACTERS = 65_536
"""As many as GitHub takes in a comment, an issue or a pull request."""
_NOTE_CHARACTERS = 1000  # room to say what was cut
_FEWEST_LINES = 4  # a heading, a gap, a table's head and its rule
_LONGEST = 500
_ROWS = 50
_ROWS_OF_A_CLASS = 10
_SAMPLES = 20


def render_markdown(report: ParityReport) -> str:
    """Return the report as GitHub-flavoured Markdown."""
    parts = [
        f"# Parity: {words.VERDICTS[report.verdict]}",
        f"{escape(report.headline)}  \n{escape(report.advice)}",
        f"Window: {escape(words.window_line(report))}. {escape(report.window.chosen)}",
        *_classes(report),
        *_sources(report),
        "## Gates\n\n"
        + _table(
            ("Gate", "Result", "Found", "Limit", "Evidence"),
            (
                (
                    escape(words.gate_title(gate)),
                    _RESULTS[gate.result],
                    words.amount(gate.actual, gate.unit),
                    words.limit(gate),
                    escape(gate.evidence),
                )
                for gate in report.gates
            ),
        ),
        *_findings(report),
        *_sections(report),
        *_more(report),
        *_samples(report),
    ]
    return _fit(parts)


def _fit(parts: list[str]) -> str:
    """Put the parts together, as far as a comment on GitHub takes them, and say what is not there."""
    whole = "\n\n".join(parts) + "\n"
    if len(whole) <= MOST_CHARACTERS:
        return whole
    kept, left_out, room = [], [], MOST_CHARACTERS - _NOTE_CHARACTERS
    for part in parts:
        lines = part.splitlines()
        fitting = _fitting(lines, room)
        room -= sum(len(line) + 1 for line in lines[:fitting]) + 1
        if fitting:
            kept.append("\n".join(lines[:fitting]))
        if fitting < len(lines):
            title = lines[0].lstrip("# ") if lines[0].startswith("#") else "more"
            left_out.append(f"{title} ({plural(len(lines) - fitting, 'line')})")
            room = 0
    note = f"**Cut here**: GitHub takes {MOST_CHARACTERS:,} characters. Left out: {', '.join(left_out)}."
    return "\n\n".join([*kept, f"{note} The JSON and HTML reports have it."]) + "\n"


def _fitting(lines: list[str], room: int) -> int:
    """Return how many lines fit; a heading without a row of its table is not worth its place."""
    total = 0
    for number, line in enumerate(lines):
        total += len(line) + 1
        if total >= room:
            return number if number > _FEWEST_LINES else 0
    return len(lines)


def escape(text: object) -> str:
    """Return text from outside as Markdown that shows just that text, in one line; what is very long is cut."""
    cut = str(text)
    if len(cut) > _LONGEST:
        cut = f"{cut[:_LONGEST]}\N{HORIZONTAL ELLIPSIS}"
    plain = words.one_line(cut).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", plain)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _sources(report: ParityReport) -> list[str]:
    rows = [
        (
            words.NAMES[name],
            f"{counts.rows:,}",
            f"{counts.messages:,}",
            f"{counts.duplicates:,}",
            words.missing_at(report, name),
            f"{counts.rejected_lines:,}",
        )
        for name, _, counts in words.sources(report)
    ]
    head = ("Source", "Rows", "Messages", "Surplus rows", "Missing", "Unread lines")
    notes = [f"- {words.NAMES[name]}: {escape(text)}" for name, text in words.alerts(report)]
    return ["## Sources\n\n" + _table(head, rows), f"{words.summary(report)}.", *(["\n".join(notes)] if notes else [])]


def _classes(report: ParityReport) -> list[str]:
    """Say what was found and what to do about it, worst first."""
    rows = [
        (found.title, words.class_count(found), f"{found.meaning} {found.advice}")
        for found in words.found_classes(report)
    ]
    return ["## What to do, first things first\n\n" + _table(("Found", "Count", "What to do"), rows)] if rows else []


def _findings(report: ParityReport) -> list[str]:
    causes = [
        (
            words.NAMES[row.side],
            words.cause(row.cause),
            escape(row.reason),
            row.type,
            f"{row.count:,}",
            escape(words.cause_note(row)),
        )
        for row in report.missing_by_reason[:_ROWS]
    ]
    drift = [
        (escape(row.path), row.kind, escape(", ".join(row.events)), f"{row.count:,}")
        for row in report.drift_by_path[:_ROWS]
    ]
    doubles = [
        (words.NAMES[row.side], escape(row.event), f"{row.messages:,}", f"{row.count:,}")
        for row in report.duplicates.rows[:_ROWS]
    ]
    identity = [
        (escape(row.message_id), escape(row.event), row.day, words.NAMES.get(row.side, row.side))
        for row in report.identity.rows[:_ROWS]
    ]
    renamed = [
        (
            *tuple(
                escape("\N{EN DASH}" if name is None else name) for name in (row.ledger, row.segment, row.customerio)
            ),
            f"{row.count:,}",
        )
        for row in report.renamed.rows[:_ROWS]
    ]
    counts = [
        (escape(name), escape(row.event), row.day or "all", f"{row.ours:,}", f"{row.theirs:,}")
        for name, row in words.counts_rows(report, rows=_ROWS)
    ]
    sections = (
        ("Missing by cause", ("Side", "Cause", "Reason", "Type", "Count", "What to do"), causes),
        ("Drift by path", ("Path", "Kind", "Events", "Count"), drift),
        ("Duplicates", ("Side", "Event", "Messages", "Surplus rows"), doubles),
        ("Identity", ("Message", "Event", "Day", "Who differs"), identity),
        ("Renamed", ("Ledger", "Segment", "Customer.io", "Count"), renamed),
        ("Counts that differ", ("Source", "Event", "Day", "Ours", "Theirs"), counts),
    )
    return [f"## {title}\n\n" + _table(head, rows) for title, head, rows in sections if rows]


def _more(report: ParityReport) -> list[str]:
    """Tabulate the classes that have no table of their own, and the lags."""
    more = [
        (
            found.title,
            words.NAMES.get(row.side, row.side),
            escape(row.event),
            row.day,
            f"{row.count:,}",
            escape(row.detail),
        )
        for found, rows in words.class_tables(report)
        for row in rows[:_ROWS_OF_A_CLASS]
    ]
    latency = [
        (
            words.NAMES[row.side],
            words.measure(row),
            *map(words.lag, (row.p50_ms, row.p90_ms, row.p99_ms, row.max_ms)),
            f"{row.messages:,}",
            row.grade,
        )
        for row in report.latency
    ]
    sections = (
        ("More by event and day", ("Found", "Side", "Event", "Day", "Count", "Detail"), more),
        ("Latency", ("Side", "Of", "p50", "p90", "p99", "Worst", "Messages", "Is"), latency),
    )
    return [f"## {title}\n\n" + _table(head, rows) for title, head, rows in sections if rows]


def _sections(report: ParityReport) -> list[str]:
    """Tabulate what `sections.py` has said."""
    texts = []
    for section in sections(report):
        rows = [tuple(_cell(cell) for cell in row) for row in section.rows[:_ROWS]]
        notes = [escape(note) for note in section.notes]
        texts.append(
            "\n\n".join(
                [
                    f"## {escape(section.title)}",
                    *notes,
                    *([_table(tuple(map(escape, section.heads)), rows)] if rows else []),
                ]
            )
        )
    return texts


def _cell(cell: str | Tag) -> str:
    if isinstance(cell, str):
        return escape(cell)
    return escape(cell.text) if cell.mood == "passed" else f"**{escape(cell.text)}**"


def _samples(report: ParityReport) -> list[str]:
    lines = []
    for sample in report.samples[:_SAMPLES]:
        places = ", ".join(place for _, place in words.sample_places(sample))
        texts = (words.sample_title(sample), sample.message_id, sample.event, places)
        lines.append("- " + " ".join(escape(text) for text in texts if text))
        lines += [
            f"  - {escape(f'{item.path} {item.kind}: Segment {item.segment}, Customer.io {item.customerio}')}"
            for item in sample.differences
        ]
    return ["## Samples\n\n" + "\n".join(lines)] if lines else []
