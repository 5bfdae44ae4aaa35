"""Tracks that arrived before the identify sent ahead of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines_client.parity.findings.base import FindingClass, rows_of
from pipelines_client.parity.questions.rows import FoundRow, Question
from pipelines_client.parity.spell import duration


@dataclass(frozen=True, slots=True)
class ReorderedRow(FoundRow):
    """Tracks that arrived before their identify."""

    worst_ms: int


QUESTION = Question("reordered", ReorderedRow)

CLASS = FindingClass(
    name="reordered",
    title="Reordered identity",
    unit="messages",
    meaning="A track reached a side before the identify that was sent ahead of it.",
    advice="Send identify and track from one process, identify first; campaigns may have seen a person without traits.",
    question=QUESTION,
    sample="reordered",
    find=rows_of(QUESTION, lambda row: f"by up to {duration(row.worst_ms)}"),
)
