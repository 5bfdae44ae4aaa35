"""Classes that the answer to `events` counts. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.parity.findings.base import Doubt, Finding, FindingClass, Material, Need, class_row
from pipelines_client.parity.questions import rows
from pipelines_client.sides import SIDES

if TYPE_CHECKING:
    from collections.abc import Callable


def _counted(column: str, material: Material, side: str = "") -> list[Finding]:
    counts = ((row, getattr(row, column)) for row in material.answers[rows.EVENTS])
    return [Finding(class_row(row, side=side, count=count)) for row, count in counts if count]


def _at(column: str) -> Callable[[Material, str], int]:
    return lambda material, side: sum(getattr(row, f"{column}_{side}") for row in material.answers[rows.EVENTS])


def _missing(material: Material) -> list[Finding]:
    return [finding for side in SIDES for finding in _counted(f"missing_{side}", material, side)]


IDENTITY = FindingClass(
    name="identity",
    title="Another identity",
    unit="messages",
    meaning="The two sides assign the same message to different people.",
    advice="Find what rewrites the id on the way: no replay repairs a merged person.",
    sample="identity",
    has_own_table=True,
    need=Need.IDENTITIES,
    find=lambda material: _counted("identity", material),
    count_at=_at("identity"),
    population="identified",
)
RENAMED = FindingClass(
    name="renamed",
    title="Renamed",
    unit="messages",
    meaning="The same message has another event name at one side.",
    advice="Campaigns listen to exact names: remove the rename, or use the new name everywhere.",
    sample="renamed",
    has_own_table=True,
    need=Need.TWO_SOURCES,
    find=lambda material: _counted("renamed", material),
    count_at=_at("renamed"),
    population="named",
)
DRIFT = FindingClass(
    name="drift",
    title="Drift",
    unit="messages",
    meaning="The payloads of one message differ.",
    advice="Start with the first path below and compare its samples.",
    sample="drift",
    has_own_table=True,
    need=Need.PAYLOADS,
    doubt=Doubt.NOISE,
    find=lambda material: _counted("drift", material),
    count_at=_at("drift"),
    population="compared",
)
DUPLICATES = FindingClass(
    name="duplicates",
    title="Duplicates",
    unit="rows",
    meaning="A message arrived more than once.",
    advice="Find what sends twice: a second forwarding destination, or a retry with a new request.",
    sample="duplicate",
    has_own_table=True,
    find=lambda material: _counted("duplicates", material),
    count_at=lambda material, side: sum(row.count for row in material.answers[rows.DUPLICATES] if row.side == side),
)
MISSING = FindingClass(
    name="missing",
    title="Missing",
    unit="messages",
    meaning="A side lacks messages that it should have.",
    advice="See the causes below; --replay-list writes the list of what a replay should send.",
    sample="missing",
    has_own_table=True,
    need=Need.TWO_SOURCES,
    doubt=Doubt.SIDE_GAPS,
    find=_missing,
    population="meant",
)
