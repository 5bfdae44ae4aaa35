"""Instants that conditions on time do not match, or that are spelled in several ways. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any, NamedTuple

from pipelines_client.effects.spellings import TITLES, Spelling, usual_of
from pipelines_client.evidence.paths import last_key
from pipelines_client.parity.findings.base import Example, Finding, FindingClass, Material, class_row
from pipelines_client.parity.questions.rows import Question
from pipelines_client.sides import SIDES


class DateAttributesRow(NamedTuple):
    """Values of one spelling of a property, and the first line that has one."""

    side: str
    event: str
    type: str
    path: str
    spelling: str
    form: str
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here
    held: int
    messages: int
    message_id: str
    file: str
    line: int
    byte_offset: int


QUESTION = Question("date_attributes", DateAttributesRow)


_MATCHES = (Spelling.SECONDS,)
_MAY_BE_CONVERTED = (Spelling.SECONDS, Spelling.ISO)


def _find(material: Material, fine: tuple[Spelling, ...] = _MATCHES) -> list[Finding]:
    """Judge each path by all its values, and list its spellings, but for a `fine` one that is the usual there."""
    paths: dict[tuple[str, str], list[DateAttributesRow]] = defaultdict(list)
    for row in material.answers[QUESTION]:
        paths["page" if row.type == "screen" else row.type, row.path].append(row)
    return [finding for (_, path), rows in paths.items() for finding in _of_path(path, rows, fine)]


def _of_path(path: str, rows: list[DateAttributesRow], fine: tuple[Spelling, ...]) -> list[Finding]:
    counts = {row.spelling: row.held for row in rows}
    usual = usual_of(last_key(path), counts, rows[0].messages)
    if usual is None:
        return []
    return [_finding(row, usual.value) for row in rows if row.spelling != usual or usual not in fine]


def _finding(row: DateAttributesRow, usual: str) -> Finding:
    places: dict[str, Any] = {name: None for side in SIDES for name in (side, f"{side}_offset")}
    places |= {row.side: f"{row.file}:{row.line}", f"{row.side}_offset": row.byte_offset}
    other = "" if row.spelling == usual else f", else {TITLES[usual]}"
    detail = f"{row.path}: {TITLES[row.spelling]}{other}; such as {row.form}"
    return Finding(class_row(row, detail, day=""), Example(row.message_id, places))


CLASS = FindingClass(
    name="date_attributes",
    title="Date attributes",
    unit="values",
    meaning="Conditions on time match Unix seconds only (FACTS R1), and these instants are spelled in another way.",
    advice="Send Unix seconds at these paths everywhere, such as int(at.timestamp()).",
    question=QUESTION,
    sample="date_attribute",
    find=_find,
)
BESIDE_ROUTES = replace(CLASS, find=lambda material: _find(material, _MAY_BE_CONVERTED))
"""The same beside a comparison of routes, which says itself what becomes of a path that is ISO-8601 text throughout."""
