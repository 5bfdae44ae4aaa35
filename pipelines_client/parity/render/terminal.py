"""The report in a terminal: verdict first, then the counts, then what is wrong. Fits 80 columns."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines_client.parity.model import Verdict
from pipelines_client.parity.render import words
from pipelines_client.parity.render.sections import Section, Tag, sections

if TYPE_CHECKING:
    from pipelines_client.parity.model import ParityReport

_COLOURS = {Verdict.PASS: "green", Verdict.FAIL: "red", Verdict.INCONCLUSIVE: "yellow"}
_RESULTS = {"passed": ("ok", "green"), "failed": ("FAIL", "bold red"), "inconclusive": ("?", "bold yellow")}
_MOODS = {"passed": "green", "failed": "bold red", "inconclusive": "bold yellow"}
_ROWS = 12
_ROWS_OF_A_CLASS = 3
_SAMPLES = 8


def render_text(report: ParityReport, *, width: int = 100) -> str:
    """Return the report as plain text without colour."""
    console = Console(file=StringIO(), width=width, color_system=None, force_terminal=False, highlight=False)
    print_report(report, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO from above
    return "\n".join(line.rstrip() for line in str(text).splitlines()) + "\n"


def print_report(report: ParityReport, console: Console) -> None:
    """Print the report to a console: the verdict and what to do, then what was found, then what that rests on."""
    console.print(_head(report))
    for line in (report.headline, report.advice):
        console.print(_text(line))
    _print_classes(report, console)
    console.print()
    console.print(_sources(report))
    console.print(_text(words.summary(report), "dim"))
    _print_places(report, console)
    console.print(_gates(report))
    for section in sections(report):
        _print_section(section, console)
    for title, table in _findings(report):
        console.print(Text(f"\n{title}", style="bold"))
        console.print(table)
    _print_class_rows(report, console)
    if report.latency:
        console.print(Text("\nLatency", style="bold"))
        console.print(_latency(report))
    _print_samples(report, console)


def _head(report: ParityReport) -> Text:
    return Text.assemble(
        (f" {words.VERDICTS[report.verdict]} ", f"bold reverse {_COLOURS[report.verdict]}"),
        f"  parity, {words.window_line(report)}",
    )


def _text(value: object, style: str = "") -> Text:
    """Take text from outside as it is: no markup, no control characters."""
    return Text(words.one_line(value), style=style)


def _table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True, header_style="bold")
    for column in columns:
        table.add_column(
            column, justify="right" if column in right else "left", overflow="fold", no_wrap=column in right
        )
    return table


def _sources(report: ParityReport) -> Table:
    numbers = ("rows", "messages", "doubled", "unread", "missing")
    table = _table("source", *numbers, "last seen", right=numbers)
    for name, source, counts in words.sources(report):
        table.add_row(
            words.NAMES[name],
            f"{counts.rows:,}",
            f"{counts.messages:,}",
            f"{counts.duplicates:,}",
            f"{counts.rejected_lines:,}",
            words.missing_at(report, name),
            words.minute(source.watermark),
        )
    return table


def _print_places(report: ParityReport, console: Console) -> None:
    for name, text in words.alerts(report, places=3):
        console.print(_text(f"! {words.NAMES[name]}: {text}", "yellow"))
    console.print()


def _gates(report: ParityReport) -> Table:
    table = _table("gate", "", "found", "limit", "evidence", right=("found", "limit"))
    for gate in report.gates:
        word, style = _RESULTS[gate.result]
        table.add_row(
            _text(words.gate_title(gate)),
            Text(word, style=style),
            words.amount(gate.actual, gate.unit),
            words.amount(gate.limit, gate.unit),
            _text(gate.evidence) if gate.result != "passed" else "",
        )
    return table


def _findings(report: ParityReport) -> list[tuple[str, Table]]:
    found = []
    if report.missing_by_reason:
        table = _table("side", "cause", "reason", "type", "count", right=("count",))
        for cause in report.missing_by_reason[:_ROWS]:
            name = words.cause(cause.cause) + ("" if cause.is_counted else " (no loss)")
            table.add_row(words.NAMES[cause.side], name, _text(cause.reason), cause.type, f"{cause.count:,}")
        found.append(("Missing by cause", table))
    if report.drift_by_path:
        table = _table("path", "kind", "events", "count", right=("count",))
        for drift in report.drift_by_path[:_ROWS]:
            table.add_row(_text(drift.path), drift.kind, _text(", ".join(drift.events)), f"{drift.count:,}")
        found.append(("Drift by path", table))
    if report.duplicates.rows:
        table = _table("side", "event", "messages", "surplus", right=("messages", "surplus"))
        for double in report.duplicates.rows[:_ROWS]:
            table.add_row(words.NAMES[double.side], _text(double.event), f"{double.messages:,}", f"{double.count:,}")
        found.append(("Duplicates", table))
    if report.renamed.rows:
        table = _table("names", "count", right=("count",))
        for renamed in report.renamed.rows[:_ROWS]:
            table.add_row(
                _text(", ".join(f"{at}: {name}" for at, name in words.names_of(renamed))), f"{renamed.count:,}"
            )
        found.append(("Renamed", table))
    return found + _counts(report)


def _counts(report: ParityReport) -> list[tuple[str, Table]]:
    table = _table("source", "event", "day", "ours", "theirs", right=("ours", "theirs"))
    for name, row in words.counts_rows(report, rows=_ROWS):
        table.add_row(name, _text(row.event), row.day or "all", f"{row.ours:,}", f"{row.theirs:,}")
    return [("Counts that differ", table)] if table.row_count else []


def _print_classes(report: ParityReport, console: Console) -> None:
    """Print what was found and what to do about it, worst first."""
    found = words.found_classes(report)
    if not found:
        return
    console.print(Text("\nWhat to do, first things first", style="bold"))
    table = _table("found", "count", "what to do", right=("count",))
    for item in found:
        table.add_row(item.title, words.class_count(item), item.advice)
    console.print(table)


def _print_class_rows(report: ParityReport, console: Console) -> None:
    """Print the first rows of each class that has no table of its own, below its name."""
    for found, rows in words.class_tables(report):
        console.print(Text(f"\n{found.title}", style="bold"))
        table = Table(box=None, pad_edge=False, show_header=False)
        for style in ("", "dim", "", ""):
            table.add_column(style=style, no_wrap=style == "dim", overflow="fold")
        for row in rows[:_ROWS_OF_A_CLASS]:
            text = ": ".join(part for part in (row.event, row.detail) if part)
            table.add_row(f"{row.count:,}", row.day, words.NAMES.get(row.side, row.side), _text(text))
        console.print(table)
        if len(rows) > _ROWS_OF_A_CLASS:
            console.print(_text(f"{len(rows) - _ROWS_OF_A_CLASS} more in the JSON report", "dim"))


def _print_section(section: Section, console: Console) -> None:
    """Print what `sections.py` has said."""
    console.print()
    console.print(_text(section.title, "bold"))
    for note in section.notes:
        console.print(_text(note))
    if not section.rows:
        return
    rows = section.rows[:_ROWS]
    heads = [words.one_line(head).lower() for head in section.heads]
    table = _table(*heads, right=tuple(head.lower() for head in section.numbers))
    for row in rows:
        table.add_row(*map(_cell, row))
    console.print(table)
    if len(section.rows) > len(rows):
        console.print(_text(f"{len(section.rows) - len(rows)} more in the JSON and HTML reports", "dim"))


def _cell(cell: str | Tag) -> Text:
    return _text(cell) if isinstance(cell, str) else _text(cell.text, _MOODS[cell.mood])


def _latency(report: ParityReport) -> Table:
    numbers = ("p50", "p90", "p99", "worst", "messages")
    table = _table("side", "of", *numbers, "is", right=numbers)
    for row in report.latency:
        lags = map(words.lag, (row.p50_ms, row.p90_ms, row.p99_ms, row.max_ms))
        table.add_row(words.NAMES[row.side], words.measure(row), *lags, f"{row.messages:,}", row.grade)
    return table


def _print_samples(report: ParityReport, console: Console) -> None:
    if not report.samples:
        return
    console.print(Text("\nSamples", style="bold"))
    for sample in report.samples[:_SAMPLES]:
        console.print(_text(f"{words.sample_title(sample)}: {sample.message_id} {sample.event} {sample.day}"))
        for side, place in words.sample_places(sample):
            console.print(_text(f"    {side} {place}", "dim"))
        for item in sample.differences:
            console.print(
                _text(f"    {item.path} ({item.kind}): Segment {item.segment}, Customer.io {item.customerio}")
            )
    if len(report.samples) > _SAMPLES:
        console.print(_text(f"{len(report.samples) - _SAMPLES} more in the JSON and HTML reports", "dim"))
