"""Ids that stand for several calls. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines_client.parity.findings.base import FindingClass, rows_of
from pipelines_client.parity.questions.rows import FoundRow, Question


@dataclass(frozen=True, slots=True)
class SharedIdsRow(FoundRow):
    """Ids whose calls have these names, the first and the last of them by order of characters."""

    first_label: str
    last_label: str


QUESTION = Question("shared_ids", SharedIdsRow)


def _names(row: SharedIdsRow) -> str:
    if row.first_label == row.last_label:
        return f"several calls {row.first_label}"
    return f"{row.first_label} and {row.last_label}"


CLASS = FindingClass(
    name="shared_ids",
    title="One id of several calls",
    unit="messages",
    meaning="The application gave one messageId to calls that are not the same; Segment drops all but the first.",
    advice="Give each call its own messageId, or leave it out: the client makes one.",
    question=QUESTION,
    sample="shared_id",
    find=rows_of(QUESTION, _names),
)
