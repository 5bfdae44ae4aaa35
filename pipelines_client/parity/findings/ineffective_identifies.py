"""Identify calls that the workspace may ignore, because an edit of their person is newer. Pure.

An identify call's time orders the updates of a person, and one that is older than the newest may be ignored behind a
200 (FACTS C16). A host whose clock is ahead stamps edits that keep those of other hosts from taking effect until then.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from pipelines_client.parity.findings.base import Finding, FindingClass, Material, finding
from pipelines_client.parity.questions.rows import FoundRow, Question
from pipelines_client.parity.spell import duration, plural

_TRAITS_NAMED = 5


@dataclass(frozen=True, slots=True)
class IneffectiveIdentifiesRow(FoundRow):
    """Identify calls of one kind and writer; with a path, those of them that have this trait."""

    kind: str
    writer: str
    path: str
    people: int
    traits: int
    worst_ms: int


QUESTION = Question("ineffective_identifies", IneffectiveIdentifiesRow)

_WORDS = {
    "ahead": "{writer} stamps them in the future, by up to {worst}",
    "behind": "older than edits that {writer} stamped in the future, by up to {worst}",
    "older": "{writer} sends them after a newer edit of the person, by up to {worst}",
}
"""What is the case, by kind of row."""


def _find(material: Material) -> list[Finding]:
    totals: dict[tuple[str, str], IneffectiveIdentifiesRow] = {}
    traits: dict[tuple[str, str], list[IneffectiveIdentifiesRow]] = defaultdict(list)
    for row in material.answers[QUESTION]:
        if row.path:
            traits[row.kind, row.writer].append(row)
        else:
            totals[row.kind, row.writer] = row
    return [finding(row, _detail(row, traits[key])) for key, row in totals.items()]


def _detail(row: IneffectiveIdentifiesRow, traits: list[IneffectiveIdentifiesRow]) -> str:
    says = _WORDS[row.kind].format(writer=row.writer or "an unknown writer", worst=duration(row.worst_ms))
    of_whom = plural(row.people, "person", "people")
    if not traits:
        return f"{says}: {of_whom}"
    most = sorted(traits, key=lambda trait: (-trait.count, trait.path))
    named = ", ".join(f"{trait.path} {trait.count:,}" for trait in most[:_TRAITS_NAMED])
    more = f" and {len(most) - _TRAITS_NAMED:,} more" if len(most) > _TRAITS_NAMED else ""
    return f"{says}: {of_whom}, {plural(row.traits, 'trait')} ({named}{more})"


CLASS = FindingClass(
    name="ineffective_identifies",
    title="Ineffective identifies",
    unit="identify calls",
    meaning="A newer edit of the person may keep an identify call from taking effect (FACTS C16).",
    advice="Set the clock of the host that is named by NTP, and send edits in order; what came too late, send again.",
    question=QUESTION,
    sample="ineffective_identify",
    find=_find,
)
