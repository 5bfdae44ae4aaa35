"""The report in a terminal: the verdict and what to do first, then every table. Fits 80 columns."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines_client.parity.model import Verdict
from pipelines_client.parity.render import words
from pipelines_client.parity.render.sections import tables
from pipelines_client.parity.spell import plural
from pipelines_client.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines_client.parity.model import ParityReport
    from pipelines_client.parity.render.table import Cell, TextTable

_COLOURS = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.INCONCLUSIVE: "yellow"}
_MOODS = {"passed": "green", "failed": "bold red", "inconclusive": "bold yellow", None: ""}
_ROWS = 12
_UNBOUNDED = ("advice", "gates")
_SAMPLES = 8


def render(report: ParityReport, *, width: int = 100, details: bool = False) -> str:
    """Return the report as plain text without colour."""
    return plain_text(lambda console: print_report(report, console, details=details), width=width)


def plain_text(show: Callable[[Console], None], *, width: int = 100) -> str:
    """Return what a function prints to a console, without colour."""
    file = StringIO()
    show(Console(file=file, width=width, color_system=None, force_terminal=False, highlight=False))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def print_report(report: ParityReport, console: Console, *, details: bool = False) -> None:
    """Print the report to a console, the verdict first and last; statistics are a line each unless asked for."""
    verdict = (f" {words.VERDICTS[report.verdict]} ", f"bold reverse {_COLOURS[report.verdict]}")
    console.print(Text.assemble(verdict, f"  parity, {words.window_line(report)}"))
    console.print(_text(report.headline, "bold"))
    for line in (*words.missing_lines(report), report.advice):
        console.print(_text(line))
    _print_next_step(report, console)
    console.print(_text(words.summary(report)))
    console.print(_text(report.window.chosen, "dim"))
    for each in tables(report):
        if each.short and not details:
            console.print()
            console.print(Text.assemble((f"{each.title}: ", "bold"), one_line(each.short), (" See --details.", "dim")))
        else:
            print_table(each, console, rows=None if each.name in _UNBOUNDED else _ROWS)
    _print_samples(report, console)
    console.print()
    console.print(Text.assemble(verdict, f"  parity, {words.window_line(report)}"))


def _print_next_step(report: ParityReport, console: Console) -> None:
    """Print the commands in lines that can be copied into a shell."""
    if report.next_step:
        console.print(_text("Next step:", "bold"))
    for command in report.next_step:
        for line in words.folded(command, console.width - 4):
            console.print(_text(f"  {line}"), soft_wrap=True)


def print_table(table: TextTable, console: Console, *, rows: int | None) -> None:
    """Print a table below its title, with at most `rows` rows."""
    console.print()
    console.print(_text(table.title, "bold"))
    for note in table.notes:
        console.print(_text(note, "dim"))
    if table.rows:
        shown = table.rows[:rows]
        console.print(_grid(table, shown))
        if table.more(len(shown)):
            console.print(_text(table.more(len(shown)), "dim"))
    for alert in table.alerts:
        console.print(_text(f"! {alert}", "yellow"))


def _grid(table: TextTable, rows: tuple[tuple[Cell, ...], ...]) -> Table:
    """Lay out rows for a narrow screen: what passed needs no explanation."""
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True, header_style="bold")
    for column in table.columns:
        is_number = column.kind == "number"
        justify: Literal["right", "left"] = "right" if is_number else "left"
        grid.add_column(_text(column.title), justify=justify, overflow="fold", no_wrap=is_number)
    for row in rows:
        has_passed = any(cell.mood == "passed" for cell in row)
        pairs = zip(table.columns, row, strict=True)
        grid.add_row(
            *(
                _text("" if has_passed and column.kind == "prose" else cell.text, _MOODS[cell.mood])
                for column, cell in pairs
            )
        )
    return grid


def _text(value: object, style: str = "") -> Text:
    """Return text from outside as text: no markup, no control characters."""
    return Text(one_line(value), style=style)


def _print_samples(report: ParityReport, console: Console) -> None:
    if not report.samples:
        return
    console.print()
    console.print(_text("Samples", "bold"))
    console.print(_text(words.samples_note(report), "dim"))
    for sample in report.samples[:_SAMPLES]:
        console.print(_text(words.sample_line(sample)))
        for side, place in words.sample_places(sample):
            console.print(_text(f"    {side} {place}", "dim"))
        for item in sample.differences:
            console.print(_text(f"    {words.difference(item)}"))
    if len(report.samples) > _SAMPLES:
        console.print(_text(f"and {plural(len(report.samples) - _SAMPLES, 'more sample')} in the JSON report", "dim"))
