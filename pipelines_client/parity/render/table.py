"""A table of texts, the same for the terminal, Markdown and the page. Pure.

The texts are as they came from outside: each rendering makes them safe in its way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from pipelines_client.parity.spell import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Mood = Literal["passed", "failed", "inconclusive"]
CellKind = Literal["name", "number", "short", "prose"]


class Heading(NamedTuple):
    """A column heading. Numbers stand to the right; numbers and short texts do not wrap; prose is wide."""

    title: str
    kind: CellKind = "name"


class Cell(NamedTuple):
    """A text, with a judgement that colours it and the number that a page sorts it by."""

    text: str
    mood: Mood | None = None
    sort: float | None = None


Row = tuple["str | Cell", ...]


class TextTable(NamedTuple):
    """A title, notes below it, rows, and alerts below these. The first column names the row.

    `short` says it in one line, for a reader who did not ask for details; empty where all is always shown.
    """

    name: str
    title: str
    columns: tuple[Heading, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...]
    alerts: tuple[str, ...]
    short: str = ""

    def more(self, shown: int) -> str:
        """Say how many rows follow the first `shown`; empty for none."""
        left = len(self.rows) - shown
        return f"and {plural(left, 'more row')} in the JSON report" if left > 0 else ""


def table(
    name: str,
    title: str,
    columns: Iterable[Heading],
    rows: Iterable[Row],
    *,
    notes: Iterable[str] = (),
    alerts: Iterable[str] = (),
    short: str = "",
) -> Iterator[TextTable]:
    """Yield the table without its empty columns; yield none if it has neither rows nor notes."""
    cells = [tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows]
    made = TextTable(name, title, tuple(columns), tuple(cells), tuple(notes), tuple(alerts), short)
    used = [place for place in range(len(made.columns)) if any(row[place].text for row in cells)]
    if made.rows or made.notes:
        yield made._replace(
            columns=tuple(made.columns[place] for place in used),
            rows=tuple(tuple(row[place] for place in used) for row in cells),
        )


def number(value: int) -> Cell:
    """Return a count as a cell."""
    return Cell(f"{value:,}", sort=value)


def share(value: float) -> Cell:
    """Return a share in percent as a cell."""
    return Cell(f"{value:.4g} %", sort=value)
