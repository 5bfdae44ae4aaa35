"""Ids that are probably one person's, and ids of which nothing says whose they are. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from pipelines_client.parity.findings.base import Example, Finding, FindingClass, Material, class_row
from pipelines_client.parity.questions.rows import Question
from pipelines_client.parity.spell import plural
from pipelines_client.sides import SIDES


class IdentityCollisionsRow(NamedTuple):
    """Collisions of one kind: how many, of how many ids, among how many, and the first message of one."""

    kind: str
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here
    ids: int
    among: int
    source: str
    message_id: str
    file: str
    line: int
    byte_offset: int


QUESTION = Question("identity_collisions", IdentityCollisionsRow)


class CollisionListRow(NamedTuple):
    """An id of a collision, or of no known person, and where its first message is; `matter` is what collides."""

    kind: str
    matter: int
    person: int
    id_kind: str
    shape: str
    identifies: int
    events: int
    source: str
    message_id: str
    file: str
    line: int
    byte_offset: int
    byte_count: int


LIST = Question("collision_list", CollisionListRow)
"""What both classes count, id by id; a run asks it if the list is to be written."""

_COLLIDING = {
    "email_as_id": "an e-mail address is an id beside the person's own id",
    "hashed_id": "a hashed id beside the id in clear",
    "shared_email": "one e-mail address on several ids",
}
_LOOSE = {
    "never_identified": "has events, and no identify call",
    "never_merged": "anonymous, and no identify call has it together with a user id",
}


def _of_kinds(words: dict[str, str], material: Material) -> list[Finding]:
    return [_finding(row, words[row.kind]) for row in material.answers[QUESTION] if row.kind in words]


def _finding(row: IdentityCollisionsRow, words: str) -> Finding:
    places: dict[str, Any] = {name: None for side in SIDES for name in (side, f"{side}_offset")}
    if row.source in SIDES:
        places |= {row.source: f"{row.file}:{row.line}", f"{row.source}_offset": row.byte_offset}
    detail = f"{words}: {plural(row.ids, 'id')} of {row.among:,}"
    found = class_row(row, detail, side="", event="", type="", day="")
    return Finding(found, Example(row.message_id, places))


COLLISIONS = FindingClass(
    name="identity_collisions",
    title="Identity collisions",
    unit="collisions",
    meaning="One person has several ids, so the workspace has several profiles or mixes them (FACTS C17, R8).",
    advice="Send one id of the person in every call and the address as a trait; --collisions lists the ids.",
    question=QUESTION,
    sample="identity_collision",
    find=lambda material: _of_kinds(_COLLIDING, material),
)
LOOSE = FindingClass(
    name="loose_ids",
    title="Ids of no known person",
    unit="ids",
    meaning="An id has events, and no identify call says who it is.",
    advice="Identify people when they sign up, with the anonymous id of their visit; --collisions lists the ids.",
    question=QUESTION,
    sample="loose_id",
    find=lambda material: _of_kinds(_LOOSE, material),
)
