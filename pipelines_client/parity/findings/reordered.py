"""Tracks that arrived before the identify sent ahead of them. Pure."""

from __future__ import annotations

from typing import NamedTuple

from pipelines_client.parity.findings.base import Finding, FindingClass, Material, finding
from pipelines_client.parity.questions.rows import Question
from pipelines_client.parity.spell import duration


class ReorderedRow(NamedTuple):
    """Tracks that arrived before their identify, and one of them."""

    side: str
    event: str
    type: str
    day: str
    count: int  # type: ignore[assignment]
    worst_ms: int
    message_id: str
    segment_file: str | None
    segment_line: int | None
    segment_offset: int | None
    customerio_file: str | None
    customerio_line: int | None
    customerio_offset: int | None


QUESTION = Question("reordered", ReorderedRow)


def _find(material: Material) -> list[Finding]:
    return [finding(row, f"by up to {duration(row.worst_ms)}") for row in material.answers[QUESTION]]


CLASS = FindingClass(
    name="reordered",
    title="Reordered identity",
    unit="messages",
    meaning="A track reached a side before the identify that was sent ahead of it.",
    advice="Send identify and track from one process, identify first; campaigns may have seen a person without traits.",
    question=QUESTION,
    sample="reordered",
    find=_find,
)
