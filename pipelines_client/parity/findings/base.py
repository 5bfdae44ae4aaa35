"""What a class of findings is: its words, the question it asks, and how its rows are found. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipelines_client.parity import model as parts
from pipelines_client.sides import SIDES

MIN_MESSAGES = 50
"""A day needs this many messages before its volume is judged."""

Day = str
"""A UTC date, as in `2026-11-28`; empty where the day is not known."""

ROWS_LISTED = 1000


Row = dict[str, Any]


class Finding(NamedTuple):
    """One row of a class, with a message to look at if there is one."""

    row: parts.ClassRow
    sample: Row | None = None


def _row(row: Row, detail: str = "", **more: Any) -> parts.ClassRow:
    fields = {name: row[name] for name in ("side", "event", "type", "day", "count")}
    return parts.ClassRow(**fields | more, detail=detail)


def places_of(row: Row) -> dict[str, Any]:
    """Return where the lines of a message are: the fields of a sample that say so."""
    places: dict[str, Any] = {}
    for side in SIDES:
        file = row.get(f"{side}_file")
        places[side] = None if file is None else f"{file}:{row[f'{side}_line']}"
        places[f"{side}_offset"] = None if file is None else row[f"{side}_offset"]
    return places


class Material(NamedTuple):
    """What classes look at: the answers by question, and what the evidence lacks, by side."""

    answers: Mapping[str, list[Row]]
    holes: Mapping[str, Iterable[str]]
    empty: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingClass:
    """One class of findings: a file of this folder, and its place in `CLASSES`.

    Attributes:
        name: In the report, in `parity.toml` and in metrics.
        title: For people.
        unit: What is counted, in the plural.
        meaning: One sentence: what is the case.
        advice: One sentence: what to do about it.
        find: Its rows, of what was asked.
        question: The file in `queries/` that it alone asks, if it asks one.
        sample: `Sample.kind` of a message that shows it; empty if no message does.
        needs_ledger: Without a ledger nothing is found, which proves nothing.
        is_short_evidence: It says itself that evidence is short: it never fails.
    """

    name: str
    title: str
    unit: str
    meaning: str
    advice: str
    find: Callable[[Material], list[Finding]]
    question: str = ""
    sample: str = ""
    needs_ledger: bool = False
    is_short_evidence: bool = False
