"""Files that are missing from the sequence of an export. Pure."""

from __future__ import annotations

from pipelines_client.parity.findings.base import Doubt, Finding, FindingClass, Material, class_row


def _find(material: Material) -> list[Finding]:
    return [
        Finding(class_row(None, name, side=side, event="", type="", day="", count=1))
        for side, names in material.holes.items()
        for name in names
    ]


CLASS = FindingClass(
    name="holes",
    title="Holes in an export",
    unit="files",
    meaning="Files are missing from the sequence of an export.",
    advice="Copy the files that are named, or have the export written again, then run again.",
    doubt=Doubt.ALWAYS,
    find=_find,
)
