"""Messages that are another kind of call at a side, happened at another time, or have another context. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines_client.parity.findings.base import Finding, FindingClass, Material, finding
from pipelines_client.parity.model.dimensions import CALL_TYPE as TYPE
from pipelines_client.parity.model.dimensions import CONTEXT, TIME
from pipelines_client.parity.questions.rows import FoundRow, Question
from pipelines_client.sides import TITLES


@dataclass(frozen=True, slots=True)
class OtherDifferencesRow(FoundRow):
    """Messages that differ in one dimension; a type is None for a source that lacks them."""

    dimension: str
    ledger_type: str | None
    segment_type: str | None
    customerio_type: str | None


QUESTION = Question("other_differences", OtherDifferencesRow)


def _of(dimension: str, material: Material) -> list[Finding]:
    rows = (row for row in material.answers[QUESTION] if row.dimension == dimension)
    return [finding(row, _types(row) if dimension == TYPE else "") for row in rows]


def _types(row: OtherDifferencesRow) -> str:
    types = {
        "the ledger": row.ledger_type,
        TITLES["segment"]: row.segment_type,
        TITLES["customerio"]: row.customerio_type,
    }
    return ", ".join(f"{type_} in {name}" for name, type_ in types.items() if type_ is not None)


CALL_TYPE = FindingClass(
    name="call_type",
    title="Another call type",
    unit="messages",
    meaning="The same message is another kind of call at one side.",
    advice="Find what turns one kind of call into another on the way: campaigns and segments treat each differently.",
    question=QUESTION,
    sample="call_type",
    find=lambda material: _of(TYPE, material),
)
OTHER_TIME = FindingClass(
    name="time",
    title="Another time",
    unit="messages",
    meaning="The same message happened at another time at one side, by more than a second.",
    advice="Compare the times of a sample: whole hours are a time zone, anything else is a rewritten timestamp.",
    question=QUESTION,
    sample="time",
    find=lambda material: _of(TIME, material),
)
OTHER_CONTEXT = FindingClass(
    name="context",
    title="Another context",
    unit="messages",
    meaning="The same message has another value at a path of the context that parity.toml names.",
    advice="Compare the context of a sample at the paths of [compare] context, and find what fills it on the way.",
    question=QUESTION,
    sample="context",
    find=lambda material: _of(CONTEXT, material),
)
