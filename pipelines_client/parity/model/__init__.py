"""The values of a report: `ParityReport` and what it is made of. Pure.

The room is at the bottom of `parity`: it imports nothing else of the package. The names are a contract:
`schema_version` goes up when one changes its meaning. Lists are in a fixed order; only `generated_at` differs between
two runs over the same files. To add a value, put it into the file of its subject and export it here; then run
`make snapshots`, which updates the JSON schema.
"""

from __future__ import annotations

from pipelines_client.parity.model.base import SCHEMA_VERSION, Counts, Frozen, Side
from pipelines_client.parity.model.effects import EffectsRow, EffectsSection
from pipelines_client.parity.model.evidence import (
    Baseline,
    CountsReport,
    CountsRow,
    EventRow,
    GapReport,
    Place,
    ReplayReport,
    SideTotals,
    SourceReport,
    SourceTotals,
    Totals,
    VouchedReport,
    Window,
    WindowMode,
)
from pipelines_client.parity.model.findings import (
    Bucket,
    ClassReport,
    ClassRow,
    DriftRow,
    DuplicateRow,
    Duplicates,
    Identity,
    IdentityRow,
    LatencyRow,
    MissingEventRow,
    ReasonRow,
    Renamed,
    RenamedRow,
    Sample,
    SampleDifference,
)
from pipelines_client.parity.model.judgement import (
    ERROR_PCT,
    MOST_ROWS,
    CheckReport,
    ExpectedRow,
    Judged,
    LossBound,
    Noise,
    NoiseRow,
    Readiness,
    ThinEvent,
    TrendDay,
    Unseen,
)
from pipelines_client.parity.model.report import ParityReport
from pipelines_client.parity.model.verdict import SHARED_UNITS, Gate, GateKey, GateResult, Limits, Verdict

__all__ = [
    "ERROR_PCT",
    "MOST_ROWS",
    "SCHEMA_VERSION",
    "SHARED_UNITS",
    "Baseline",
    "Bucket",
    "CheckReport",
    "ClassReport",
    "ClassRow",
    "Counts",
    "CountsReport",
    "CountsRow",
    "DriftRow",
    "DuplicateRow",
    "Duplicates",
    "EffectsRow",
    "EffectsSection",
    "EventRow",
    "ExpectedRow",
    "Frozen",
    "GapReport",
    "Gate",
    "GateKey",
    "GateResult",
    "Identity",
    "IdentityRow",
    "Judged",
    "LatencyRow",
    "Limits",
    "LossBound",
    "MissingEventRow",
    "Noise",
    "NoiseRow",
    "ParityReport",
    "Place",
    "Readiness",
    "ReasonRow",
    "Renamed",
    "RenamedRow",
    "ReplayReport",
    "Sample",
    "SampleDifference",
    "Side",
    "SideTotals",
    "SourceReport",
    "SourceTotals",
    "ThinEvent",
    "Totals",
    "TrendDay",
    "Unseen",
    "Verdict",
    "VouchedReport",
    "Window",
    "WindowMode",
]
