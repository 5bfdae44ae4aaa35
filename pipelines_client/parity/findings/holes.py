"""Files that an export's sequence lacks. Pure."""

from __future__ import annotations

from pipelines_client.parity import model as parts
from pipelines_client.parity.findings.base import Finding, FindingClass

CLASS = FindingClass(
    name="holes",
    title="Holes in an export",
    unit="files",
    meaning="The sequence of an export's files lacks some.",
    advice="Copy the files that are named, or have the export written again, then run again.",
    is_short_evidence=True,
    find=lambda material: [
        Finding(parts.ClassRow(side=side, event="", type="", day="", count=1, detail=name))
        for side, names in material.holes.items()
        for name in names
    ],
)
