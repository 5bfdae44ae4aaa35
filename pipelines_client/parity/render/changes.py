"""What changed between two reports, for a terminal and as Markdown. Computes nothing."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines_client.parity.render import words
from pipelines_client.parity.render.markdown import escape
from pipelines_client.sides import TITLES

if TYPE_CHECKING:
    from pipelines_client.parity.report.changes import Changes, GateChange, Side

Cells = tuple[str, ...]
CHANGE_FORMATS = ("text", "json", "markdown")

_RESULTS = {"better": "BETTER", "same": "NO WORSE", "worse": "WORSE"}
_COLOURS = {"better": "green", "same": "green", "worse": "red"}
_COUNTS: Cells = ("what", "before", "now", "change")
_ROWS = 40
_ABSENT = "\N{EN DASH}"

Section = tuple[str, Cells, list[Cells]]


def render_changes(changes: Changes, form: str) -> str:
    """Return the changes in one of `CHANGE_FORMATS`, ending in a newline; text is 100 columns wide, without colour."""
    if form == "json":
        return changes.to_json()
    if form == "markdown":
        return _markdown(changes)
    console = Console(file=StringIO(), width=100, color_system=None, force_terminal=False, highlight=False)
    print_changes(changes, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO from above
    return "\n".join(line.rstrip() for line in str(text).splitlines()) + "\n"


def print_changes(changes: Changes, console: Console) -> None:
    """Print the changes to a console."""
    head = (f" {_RESULTS[changes.result]} ", f"bold reverse {_COLOURS[changes.result]}")
    console.print(Text.assemble(head, f"  {_verdicts(changes)}"))
    for line in _heads(changes):
        console.print(Text(words.one_line(line)))
    sections = _sections(changes)
    for title, columns, rows in sections:
        console.print(Text(f"\n{title}", style="bold"))
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        for place, column in enumerate(columns):
            table.add_column(column, justify="right" if place else "left", overflow="fold")
        for row in rows[:_ROWS]:
            table.add_row(*(Text(words.one_line(cell)) for cell in row))
        console.print(table)
        if len(rows) > _ROWS:
            console.print(Text(f"{len(rows) - _ROWS:,} more in the JSON", style="dim"))
    if not sections:
        console.print(Text("Nothing else changed."))


def _markdown(changes: Changes) -> str:
    parts = [f"# Parity: {_RESULTS[changes.result].lower()}", f"{_verdicts(changes)}."]
    parts.append("\n".join(f"- {escape(line)}" for line in _heads(changes)))
    for title, columns, rows in _sections(changes):
        lines = [columns, tuple("---" for _ in columns), *(tuple(map(escape, row)) for row in rows[:_ROWS])]
        parts.append(f"## {title}\n\n" + "\n".join("| " + " | ".join(line) + " |" for line in lines))
        if len(rows) > _ROWS:
            parts.append(f"{len(rows) - _ROWS:,} more in the JSON.")
    return "\n\n".join(parts) + "\n"


def _verdicts(changes: Changes) -> str:
    before, after = (words.VERDICTS[side.verdict] for side in (changes.before, changes.after))
    return f"{after} as before" if before == after else f"{before}, now {after}"


def _heads(changes: Changes) -> list[str]:
    return [f"before: {_head(changes.before)}", f"now: {_head(changes.after)}"]


def _head(side: Side) -> str:
    window = f"{words.minute(side.since)} to {words.minute(side.until)}"
    return f"{window}, judged {words.minute(side.generated_at)}. {side.headline}"


def _sections(changes: Changes) -> list[Section]:
    sections: list[Section] = [
        ("Gates", ("gate", "before", "now", "found before", "found now"), [_gate(gate) for gate in changes.gates])
    ]
    counts = (("Totals", changes.totals), ("Missing by cause", changes.causes), ("Classes", changes.classes))
    for title, rows in counts:
        cells: list[Cells] = [
            (_name(row.name), f"{row.before:,}", f"{row.after:,}", _step(row.before, row.after)) for row in rows
        ]
        sections.append((title, _COUNTS, cells))
    drift: list[Cells] = [
        (f"{row.path} ({row.kind})", f"{row.before:,}", f"{row.after:,}", _fate(row.before, row.after))
        for row in changes.drift_by_path
    ]
    sections.append(("Drift by path", ("path", "before", "now", "change"), drift))
    events: list[Cells] = [
        (
            row.event,
            f"{row.messages_before:,}",
            f"{row.messages_after:,}",
            _fate(row.messages_before, row.messages_after),
            f"{row.faults_before:,}",
            f"{row.faults_after:,}",
        )
        for row in changes.events
    ]
    head: Cells = ("event", "messages before", "now", "change", "faults before", "faults now")
    sections.append(("Events", head, events))
    return [section for section in sections if section[2]]


def _gate(change: GateChange) -> Cells:
    return (
        words.title_of(change.name, change.event),
        change.before or _ABSENT,
        change.after or _ABSENT,
        _found(change, change.before_actual, change.before_limit),
        _found(change, change.after_actual, change.after_limit),
    )


def _found(change: GateChange, actual: float | None, limit: float | None) -> str:
    """Return what a gate found, with its limit where that is another: a looser one explains a pass."""
    if actual is None or limit is None:
        return _ABSENT
    found = words.amount(actual, change.unit)
    is_same = None in {change.before_limit, change.after_limit} or change.before_limit == change.after_limit
    return found if is_same else f"{found}, limit {words.amount(limit, change.unit)}"


def _name(name: str) -> str:
    kind, _, side = name.rpartition("_")
    return f"{words.cause(kind)} at {words.NAMES[side]}" if side in TITLES else words.cause(name)


def _step(before: int, after: int) -> str:
    return f"{after - before:+,}" if after != before else ""


def _fate(before: int, after: int) -> str:
    if not before:
        return "appeared"
    return "vanished" if not after else _step(before, after)
