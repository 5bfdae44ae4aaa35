"""The report: ParityReport. The renderings show it and compute nothing. Pure."""

from __future__ import annotations

from pydantic import Field

from pipelines_client.parity.model.base import SCHEMA_VERSION, Counts, Frozen, Side
from pipelines_client.parity.model.dimensions import DimensionRow
from pipelines_client.parity.model.effects import EffectsSection
from pipelines_client.parity.model.evidence import (
    CountsReport,
    EventRow,
    GapReport,
    ReplayReport,
    SourceReport,
    Totals,
    VouchedReport,
    Window,
)
from pipelines_client.parity.model.findings import (
    ClassReport,
    DriftRow,
    Duplicates,
    Identity,
    LatencyRow,
    MissingEventRow,
    ReasonRow,
    Renamed,
    Sample,
)
from pipelines_client.parity.model.judgement import CheckReport, ExpectedRow, Judged, Noise, Readiness, Unseen
from pipelines_client.parity.model.verdict import Gate, Verdict


class ParityReport(Frozen):
    """The report of a parity run. `readiness` is None without a history, `noise` without a baseline."""

    schema_version: int = SCHEMA_VERSION
    generated_at: str
    verdict: Verdict
    headline: str
    advice: str
    next_step: tuple[str, ...] = Field(
        default=(), description="Commands to run next, in this order, as a shell takes them."
    )
    missing_by_event: tuple[MissingEventRow, ...] = ()
    window: Window
    sources: dict[str, SourceReport]
    totals: Totals
    compared_dimensions: tuple[DimensionRow, ...] = ()
    gates: tuple[Gate, ...]
    judged: Judged
    readiness: Readiness | None = None
    expected: tuple[ExpectedRow, ...] = ()
    noise: Noise | None = None
    effects: EffectsSection | None = Field(default=None, description="None without --effects.")
    unseen: Unseen
    gaps: tuple[GapReport, ...] = ()
    complete: tuple[VouchedReport, ...] = Field(default=(), description="Who vouches for which spans of a side.")
    replay: ReplayReport | None = Field(default=None, description="None without --replay-list.")
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
