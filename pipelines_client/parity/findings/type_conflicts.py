"""Properties that hold values of several types. Pure."""

from __future__ import annotations

from collections import Counter

from pipelines_client.parity.findings.base import Finding, FindingClass, Row, _row


def _type_conflicts(rows: list[Row]) -> list[Finding]:
    """Name the usual type of each property, over all sources, and list where it has another."""
    totals: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        totals.setdefault(_property(row), Counter())[row["kind"]] += row["count"]
    usual = {key: min(kinds, key=lambda kind: (-kinds[kind], kind)) for key, kinds in totals.items()}
    return [
        Finding(
            _row(row, f"{row['path']}: {row['kind']}, else {usual[_property(row)]}"),
            row
            | {
                f"{row['side']}_file": row["file"],
                f"{row['side']}_line": row["line"],
                f"{row['side']}_offset": row["byte_offset"],
                "reason": f"{row['path']}: {row['kind']}, else {usual[_property(row)]}",
            },
        )
        for row in rows
        if row["kind"] != usual[_property(row)]
    ]


def _property(row: Row) -> tuple[str, str]:
    return ("page" if row["type"] == "screen" else row["type"], row["path"])


CLASS = FindingClass(
    name="type_conflicts",
    title="Type conflicts",
    unit="values",
    meaning="One property holds values of several types.",
    advice="Settle on the usual type and convert where the rarer one is sent.",
    question="type_conflicts",
    sample="type_conflict",
    find=lambda material: _type_conflicts(material.answers["type_conflicts"]),
)
