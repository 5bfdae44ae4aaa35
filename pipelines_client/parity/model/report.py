"""The report: ParityReport. The renderings show it and compute nothing. Pure."""

from __future__ import annotations

from pydantic import Field

from pipelines_client.parity.model.base import SCHEMA_VERSION, Counts, Frozen, Side
from pipelines_client.parity.model.evidence import CountsReport, EventRow, SourceReport, Totals, Window
from pipelines_client.parity.model.findings import (
    ClassReport,
    DriftRow,
    Duplicates,
    Identity,
    LatencyRow,
    ReasonRow,
    Renamed,
    Sample,
)
from pipelines_client.parity.model.judgement import CheckReport, ExpectedRow, Noise, Readiness, Unseen
from pipelines_client.parity.model.verdict import Gate, Verdict


class ParityReport(Frozen):
    """The report of a parity run. `readiness` is None without a history, `noise` without a baseline."""

    schema_version: int = SCHEMA_VERSION
    generated_at: str
    verdict: Verdict
    headline: str
    advice: str
    window: Window
    sources: dict[str, SourceReport]
    totals: Totals
    gates: tuple[Gate, ...]
    readiness: Readiness | None = None
    expected: tuple[ExpectedRow, ...] = ()
    noise: Noise | None = None
    unseen: Unseen
    missing_by_cause: dict[Side, Counts | None]
    missing_by_reason: tuple[ReasonRow, ...]
    drift_by_path: tuple[DriftRow, ...]
    drift_paths_cut: int = Field(default=0, description="Paths with fewer messages than those that are listed.")
    duplicates: Duplicates
    identity: Identity
    renamed: Renamed
    classes: tuple[ClassReport, ...]
    latency: tuple[LatencyRow, ...]
    events: tuple[EventRow, ...]
    counts: dict[str, CountsReport] = Field(default_factory=dict)
    checks: tuple[CheckReport, ...] = ()
    samples: tuple[Sample, ...]
    is_redacted: bool

    def to_json(self) -> str:
        """Return the report as JSON text, indented, with a last newline."""
        return self.model_dump_json(indent=2) + "\n"
