"""Two libraries that keep overwriting one trait. Pure."""

from __future__ import annotations

from pipelines_client.parity.findings.base import Finding, FindingClass, _row

CLASS = FindingClass(
    name="trait_fights",
    title="Fights over a trait",
    unit="overwrites",
    meaning="Two libraries keep overwriting each other's value of one trait.",
    advice="Let one of them own the trait, and stop the other from setting it.",
    question="trait_fights",
    sample="trait_fight",
    find=lambda material: [
        Finding(_row(row, f"traits.{row['path']}: {row['library']} against {row['other']}"), row)
        for row in material.answers["trait_fights"]
    ],
)
