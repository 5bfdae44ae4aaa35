"""The report as Markdown, for a pull request or a chat. Every text from outside is one safe cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipelines_client.parity.render import words
from pipelines_client.parity.render.sections import tables
from pipelines_client.parity.spell import plural
from pipelines_client.wording import one_line

if TYPE_CHECKING:
    from pipelines_client.parity.model import ParityReport
    from pipelines_client.parity.render.table import Cell, TextTable

_SPECIAL = re.compile(
    r"([\\`*_\[\]()#|~$@]|:(?=//)|(?<=www)\.)", re.IGNORECASE
)  # the last two: GitHub links bare addresses
MOST_CHARACTERS = 65_536
"""The most that GitHub takes in a comment, an issue or a pull request."""
_NOTE_CHARACTERS = 1000  # room to say what was cut
_FEWEST_LINES = 4  # a heading, a gap, a table's head and its rule
_LONGEST = 500
_ROWS = 50
_SAMPLES = 20


def render(report: ParityReport) -> str:
    """Return the report as GitHub-flavoured Markdown."""
    return _fit(
        [
            f"# Parity: {words.VERDICTS[report.verdict]}",
            "  \n".join(map(escape, (report.headline, *words.missing_lines(report), report.advice))),
            *_next_step(report),
            escape(words.summary(report)),
            f"Window: {escape(words.window_line(report))}. {escape(report.window.chosen)}",
            *(_folded(each) if each.short else table_text(each, rows=_ROWS) for each in tables(report)),
            *_samples(report),
        ]
    )


def table_text(table: TextTable, *, rows: int) -> str:
    """Return a table below its heading, with at most `rows` rows."""
    blocks = [f"## {escape(table.title)}", *map(escape, table.notes)]
    if table.rows:
        shown = table.rows[:rows]
        lines = [tuple(escape(column.title) for column in table.columns), tuple("---" for _ in table.columns)]
        lines += [tuple(map(_cell, row)) for row in shown]
        blocks.append("\n".join("| " + " | ".join(line) + " |" for line in lines))
        blocks += filter(None, [table.more(len(shown))])
    if table.alerts:
        blocks.append("\n".join(f"- {escape(alert)}" for alert in table.alerts))
    return "\n\n".join(blocks)


def _folded(table: TextTable) -> str:
    """Return a table that GitHub shows when its one line is clicked."""
    summary = escape(f"{table.title}: {table.short}")
    return f"<details><summary>{summary}</summary>\n\n{table_text(table, rows=_ROWS)}\n\n</details>"


def _next_step(report: ParityReport) -> list[str]:
    """Return the commands as a block of code; its fence is longer than any row of backticks in them."""
    if not report.next_step:
        return []
    lines = [one_line(command) for command in report.next_step]
    fence = "`" * max(3, *(len(run) + 1 for line in lines for run in re.findall("`+", line)), 0)
    return ["\n".join(("Next step:\n", f"{fence}sh", *lines, fence))]


def escape(text: object) -> str:
    """Return text from outside as Markdown that shows only that text, in one line; very long text is cut."""
    cut = str(text)
    if len(cut) > _LONGEST:
        cut = f"{cut[:_LONGEST]}\N{HORIZONTAL ELLIPSIS}"
    plain = one_line(cut).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", plain)


def _cell(cell: Cell) -> str:
    return f"**{escape(cell.text)}**" if cell.mood in ("failed", "inconclusive") else escape(cell.text)


def _samples(report: ParityReport) -> list[str]:
    lines = []
    for sample in report.samples[:_SAMPLES]:
        places = ", ".join(place for _, place in words.sample_places(sample))
        lines.append(f"- {escape(words.sample_line(sample))} {escape(places)}")
        lines += [f"  - {escape(words.difference(item))}" for item in sample.differences]
    return ["## Samples\n\n" + escape(words.samples_note(report)) + "\n\n" + "\n".join(lines)] if lines else []


def _fit(blocks: list[str]) -> str:
    """Join the blocks as far as a comment on GitHub takes them, and say what was left out."""
    whole = "\n\n".join(blocks) + "\n"
    if len(whole) <= MOST_CHARACTERS:
        return whole
    kept, left_out, room = [], [], MOST_CHARACTERS - _NOTE_CHARACTERS
    for block in blocks:
        lines = block.splitlines()
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
    """Return how many lines fit. A heading without a row of its table is left out."""
    total = 0
    for number, line in enumerate(lines):
        total += len(line) + 1
        if total >= room:
            return number if number > _FEWEST_LINES else 0
    return len(lines)
