"""The report as JSON, as `docs/parity-report.schema.json` describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines_client.parity.model import ParityReport


def render(report: ParityReport) -> str:
    """Return the whole report."""
    return report.to_json()
