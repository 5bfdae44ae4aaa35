"""Classes that the counts by event and day count already. Pure."""

from __future__ import annotations

from pipelines_client.parity.findings.base import Finding, FindingClass, Material, _row
from pipelines_client.sides import SIDES


def _of(name: str, material: Material) -> list[Finding]:
    events = material.answers["events"]
    return [Finding(_row(row | {"side": "", "count": row[name]})) for row in events if row[name]]


def _missing(material: Material) -> list[Finding]:
    return [
        Finding(_row(row | {"side": side, "count": row[f"missing_{side}"]}))
        for side in SIDES
        for row in material.answers["events"]
        if row[f"missing_{side}"]
    ]


IDENTITY = FindingClass(
    name="identity",
    title="Another identity",
    unit="messages",
    meaning="The same message names another person at one side.",
    advice="Find what rewrites the id on the way: no replay repairs a merged person.",
    sample="identity",
    find=lambda material: _of("identity", material),
)
RENAMED = FindingClass(
    name="renamed",
    title="Renamed",
    unit="messages",
    meaning="The same message has another event name at one side.",
    advice="Campaigns listen to exact names: remove the rename, or use the new name everywhere.",
    sample="renamed",
    find=lambda material: _of("renamed", material),
)
DRIFT = FindingClass(
    name="drift",
    title="Drift",
    unit="messages",
    meaning="The payloads of one message differ.",
    advice="Start with the first path below and compare its samples.",
    sample="drift",
    find=lambda material: _of("drift", material),
)
DUPLICATES = FindingClass(
    name="duplicates",
    title="Duplicates",
    unit="rows",
    meaning="A message arrived more than once.",
    advice="Find who sends twice: a second forwarding destination, or a retry with a new request.",
    sample="duplicate",
    find=lambda material: _of("duplicates", material),
)
MISSING = FindingClass(
    name="missing",
    title="Missing",
    unit="messages",
    meaning="A side does not have what it should.",
    advice="See each cause below; --replay-list writes down what a replay should send.",
    sample="missing",
    find=_missing,
)
