"""What a report shows of each finding: its count, its rows, its samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines_client.parity.model import ParityReport

Row = tuple["str | None", "str | None", "str | None", int, "str | None"]


def counts(report: ParityReport) -> dict[str, int]:
    """Return the count of each finding that has one."""
    return {item.name: item.count for item in report.classes if item.count}


def rows(report: ParityReport, name: str) -> list[Row]:
    """Return the rows of a finding as side, event, day, count and detail; they add up to its count."""
    item = next(item for item in report.classes if item.name == name)
    assert item.advice.endswith(".")
    assert sum(row.count for row in item.rows) == item.count
    return [(row.side, row.event, row.day, row.count, row.detail) for row in item.rows]


def samples(report: ParityReport, kind: str) -> list[tuple[str | None, str]]:
    """Return the side and message id of each sample of a finding."""
    return [(sample.side, sample.message_id) for sample in report.samples if sample.kind == kind]
