"""Properties that hold values of several types. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from pipelines_client.parity.findings.base import Example, Finding, FindingClass, Material, class_row
from pipelines_client.parity.questions.rows import Question
from pipelines_client.sides import SIDES


class TypeConflictsRow(NamedTuple):
    """Values of one type of a property, and the first line that has one."""

    side: str
    event: str
    type: str
    day: str
    path: str
    kind: str
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here
    message_id: str
    file: str
    line: int
    byte_offset: int


QUESTION = Question("type_conflicts", TypeConflictsRow)


def _find(material: Material) -> list[Finding]:
    """Name the usual type of each property, over all sources, and list where it has another."""
    rows = material.answers[QUESTION]
    totals: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        totals.setdefault(_property(row), Counter())[row.kind] += row.count
    usual = {key: min(kinds, key=lambda kind: (-kinds[kind], kind)) for key, kinds in totals.items()}
    return [_conflict(row, usual[_property(row)]) for row in rows if row.kind != usual[_property(row)]]


def _conflict(row: TypeConflictsRow, usual: str) -> Finding:
    places: dict[str, Any] = {name: None for side in SIDES for name in (side, f"{side}_offset")}
    places |= {row.side: f"{row.file}:{row.line}", f"{row.side}_offset": row.byte_offset}
    detail = f"{row.path}: {row.kind}, else {usual}"
    return Finding(class_row(row, detail), Example(row.message_id, places))


def _property(row: TypeConflictsRow) -> tuple[str, str]:
    return ("page" if row.type == "screen" else row.type, row.path)


CLASS = FindingClass(
    name="type_conflicts",
    title="Type conflicts",
    unit="values",
    meaning="One property holds values of several types.",
    advice="Settle on the usual type and convert where the rarer one is sent.",
    question=QUESTION,
    sample="type_conflict",
    find=_find,
)
