"""Copies of a message that differ from its first copy. Pure."""

from __future__ import annotations

from pipelines_client.parity.findings.base import FindingClass, rows_of
from pipelines_client.parity.questions.rows import FoundRow, Question

QUESTION = Question("conflicting_duplicates", FoundRow)

CLASS = FindingClass(
    name="conflicting_duplicates",
    title="Copies that differ",
    unit="copies",
    meaning="One id arrived again with another payload than the first copy.",
    advice="Two messages share one id: make the id from what is unique to each, since all but one may be dropped.",
    question=QUESTION,
    sample="conflicting_duplicate",
    find=rows_of(QUESTION),
)
