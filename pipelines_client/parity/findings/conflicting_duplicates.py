"""Copies of a message that are no copies. Pure."""

from __future__ import annotations

from pipelines_client.parity.findings.base import Finding, FindingClass, _row

CLASS = FindingClass(
    name="conflicting_duplicates",
    title="Copies that differ",
    unit="copies",
    meaning="One id arrived again with another payload than the first copy.",
    advice="Two messages share one id: make the id from what is unique to each, since all but one may be dropped.",
    question="conflicting_duplicates",
    sample="conflicting_duplicate",
    find=lambda material: [Finding(_row(row), row) for row in material.answers["conflicting_duplicates"]],
)
