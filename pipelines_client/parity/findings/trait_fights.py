"""Two libraries that keep overwriting one trait. Pure."""

from __future__ import annotations

from typing import NamedTuple

from pipelines_client.parity.findings.base import Finding, FindingClass, Material, finding
from pipelines_client.parity.questions.rows import Question


class TraitFightsRow(NamedTuple):
    """Values that one library put back over another, and one of the messages."""

    side: str
    event: str
    type: str
    day: str
    path: str
    library: str
    other: str
    count: int  # type: ignore[assignment]
    message_id: str
    segment_file: str | None
    segment_line: int | None
    segment_offset: int | None
    customerio_file: str | None
    customerio_line: int | None
    customerio_offset: int | None


QUESTION = Question("trait_fights", TraitFightsRow)


def _find(material: Material) -> list[Finding]:
    return [finding(row, f"traits.{row.path}: {row.library} against {row.other}") for row in material.answers[QUESTION]]


CLASS = FindingClass(
    name="trait_fights",
    title="Fights over a trait",
    unit="overwrites",
    meaning="Two libraries keep overwriting each other's value of one trait.",
    advice="Let one of them own the trait, and stop the other from setting it.",
    question=QUESTION,
    sample="trait_fight",
    find=_find,
)
