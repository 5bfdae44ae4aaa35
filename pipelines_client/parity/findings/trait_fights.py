"""Two libraries that keep overwriting one trait. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines_client.parity.findings.base import FindingClass, rows_of
from pipelines_client.parity.questions.rows import FoundRow, Question


@dataclass(frozen=True, slots=True)
class TraitFightsRow(FoundRow):
    """Traits that two libraries overwrite in turn."""

    path: str
    library: str
    other: str


QUESTION = Question("trait_fights", TraitFightsRow)

CLASS = FindingClass(
    name="trait_fights",
    title="Fights over a trait",
    unit="overwrites",
    meaning="Two libraries keep overwriting each other's value of one trait.",
    advice="Let one of them own the trait, and stop the other from setting it.",
    question=QUESTION,
    sample="trait_fight",
    find=rows_of(QUESTION, lambda row: f"traits.{row.path}: {row.library} against {row.other}"),
)
