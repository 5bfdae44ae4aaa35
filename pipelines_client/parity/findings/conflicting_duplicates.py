"""Copies of a message that differ from its first copy. Pure."""

from __future__ import annotations

from typing import NamedTuple

from pipelines_client.parity.findings.base import Finding, FindingClass, Material, finding
from pipelines_client.parity.questions.rows import Question


class ConflictingDuplicatesRow(NamedTuple):
    """Copies that differ from the first copy of their message, and one of the messages."""

    side: str
    event: str
    type: str
    day: str
    count: int  # type: ignore[assignment]
    message_id: str
    segment_file: str | None
    segment_line: int | None
    segment_offset: int | None
    customerio_file: str | None
    customerio_line: int | None
    customerio_offset: int | None


QUESTION = Question("conflicting_duplicates", ConflictingDuplicatesRow)


def _find(material: Material) -> list[Finding]:
    return [finding(row) for row in material.answers[QUESTION]]


CLASS = FindingClass(
    name="conflicting_duplicates",
    title="Copies that differ",
    unit="copies",
    meaning="One id arrived again with another payload than the first copy.",
    advice="Two messages share one id: make the id from what is unique to each, since all but one may be dropped.",
    question=QUESTION,
    sample="conflicting_duplicate",
    find=_find,
)
