"""Tracks that overtook the identify sent before them. Pure."""

from __future__ import annotations

from pipelines_client.parity.findings.base import Finding, FindingClass, _row
from pipelines_client.parity.spell import duration

CLASS = FindingClass(
    name="reordered",
    title="Reordered identity",
    unit="messages",
    meaning="A track reached a side before the identify that was sent ahead of it.",
    advice="Send identify and track from one process, identify first; campaigns may have seen a person without traits.",
    question="reordered",
    sample="reordered",
    find=lambda material: [
        Finding(_row(row, f"by up to {duration(row['worst_ms'])}"), row) for row in material.answers["reordered"]
    ],
)
