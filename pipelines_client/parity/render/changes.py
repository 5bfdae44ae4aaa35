"""What changed between two reports, for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

from rich.text import Text

from pipelines_client.parity.render import words
from pipelines_client.parity.render.markdown import escape, table_text
from pipelines_client.parity.render.table import Heading, Row, TextTable, table
from pipelines_client.parity.render.terminal import plain_text, print_table
from pipelines_client.sides import TITLES
from pipelines_client.wording import one_line

if TYPE_CHECKING:
    from rich.console import Console

    from pipelines_client.parity.report.changes import Changes, ComparedReport, CountChange, GateChange

_RESULTS = {"better": "BETTER", "same": "NO WORSE", "worse": "WORSE", "not_comparable": "NOT COMPARABLE"}
_COLOURS = {"better": "green", "same": "green", "worse": "red", "not_comparable": "yellow"}
_ROWS = 40
_ABSENT = "\N{EN DASH}"


def render_changes(changes: Changes, form: str) -> str:
    """Return the changes in one of `CHANGE_FORMATS`, ending in a newline. Text is 100 columns wide, without colour."""
    if form == "json":
        return changes.to_json()
    if form == "markdown":
        return _markdown(changes)
    return plain_text(lambda console: print_changes(changes, console))


def print_changes(changes: Changes, console: Console) -> None:
    """Print the changes to a console."""
    result = (f" {_RESULTS[changes.result]} ", f"bold reverse {_COLOURS[changes.result]}")
    console.print(Text.assemble(result, f"  {_verdicts(changes)}"))
    for line in _reports(changes):
        console.print(Text(one_line(line)))
    found = _tables(changes)
    for each in found:
        print_table(each, console, rows=_ROWS)
    if not found:
        console.print(Text("Nothing else changed."))


def _markdown(changes: Changes) -> str:
    blocks = [f"# Parity: {_RESULTS[changes.result].lower()}", f"{_verdicts(changes)}."]
    blocks.append("\n".join(f"- {escape(line)}" for line in _reports(changes)))
    blocks += [table_text(each, rows=_ROWS) for each in _tables(changes)]
    return "\n\n".join(blocks) + "\n"


def _verdicts(changes: Changes) -> str:
    before, after = (words.VERDICTS[side.verdict] for side in (changes.before, changes.after))
    return f"{after} as before" if before == after else f"{before}, now {after}"


def _reports(changes: Changes) -> list[str]:
    lines = [f"Before: {_report(changes.before)}", f"Now: {_report(changes.after)}"]
    cure = "Compare two reports of the same sources, gates and limits: write the one that differs again."
    return [*(f"{reason}." for reason in changes.reasons), *([cure] if changes.reasons else []), *lines]


def _report(side: ComparedReport) -> str:
    window = f"{words.minute(side.since)} to {words.minute(side.until)}"
    return f"{window}, judged {words.minute(side.generated_at)}. {side.headline}"


def _tables(changes: Changes) -> list[TextTable]:
    """Return the tables of what changed."""
    return list(
        chain(
            _table("Gates", ("Gate", "Before", "Now", "Found before", "Found now"), map(_gate, changes.gates)),
            _counts("Totals", changes.totals),
            _counts("Missing by cause", changes.causes),
            _counts("Findings", changes.classes),
            _table(
                "Drift by path",
                ("Path", "Before", "Now", "Change"),
                ((f"{row.path} ({row.kind})", *_change(row.before, row.after)) for row in changes.drift_by_path),
            ),
            _table(
                "Events",
                ("Event", "Messages before", "Now", "Change", "Faults before", "Faults now"),
                (
                    (
                        row.event,
                        *_change(row.messages_before, row.messages_after),
                        f"{row.faults_before:,}",
                        f"{row.faults_after:,}",
                    )
                    for row in changes.events
                ),
            ),
        )
    )


def _table(title: str, columns: tuple[str, ...], rows: Iterable[Row]) -> Iterable[TextTable]:
    first, *others = columns
    return table("", title, (Heading(first), *(Heading(other, "number") for other in others)), rows)


def _counts(title: str, rows: Iterable[CountChange]) -> Iterable[TextTable]:
    cells = ((_name(row.name), f"{row.before:,}", f"{row.after:,}", _step(row.before, row.after)) for row in rows)
    return _table(title, ("What", "Before", "Now", "Change"), cells)


def _gate(change: GateChange) -> Row:
    return (
        words.gate_title(change),
        change.before or _ABSENT,
        change.after or _ABSENT,
        _found(change, change.before_actual, change.before_limit),
        _found(change, change.after_actual, change.after_limit),
    )


def _found(change: GateChange, actual: float | None, limit: float | None) -> str:
    """Return what a gate found, with its limit if the limit changed: a looser one explains a pass."""
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


def _change(before: int, after: int) -> tuple[str, str, str]:
    step = "appeared" if not before else "vanished" if not after else _step(before, after)
    return f"{before:,}", f"{after:,}", step
