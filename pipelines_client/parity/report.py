"""ParityReport: the report. The terminal, HTML and Markdown render it and compute nothing.

The names are a contract: `schema_version` goes up when one changes its meaning. Lists are in a fixed order; only
`generated_at` differs between two runs over the same files.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines_client.parity.checks import CheckReport
from pipelines_client.parity.counts import CountsReport
from pipelines_client.parity.expected import ExpectedRow
from pipelines_client.parity.noise import Noise
from pipelines_client.parity.readiness import Readiness
from pipelines_client.parity.unseen import Unseen
from pipelines_client.parity.verdict import Gate, Verdict

SCHEMA_VERSION = 2

Side = Literal["segment", "customerio"]
Counts = dict[str, int]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Window(_Part):
    """Which messages were asked about. `since` is in, `until` is not; None is open."""

    mode: Literal["ledger", "given", "all"]
    since: str | None
    until: str | None
    chosen: str
    outside: Counts


class Place(_Part):
    """A line, in the file's unpacked text; line 0 is the file as a whole."""

    file: str
    line: int
    reason: str

    @property
    def text(self) -> str:
        """Spell it; a file as a whole has no line."""
        return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"


class SourceReport(_Part):
    """One source as a whole, whatever the window: where it lies, and what could not be read of it.

    `watermark` is the last `received_at`: what was sent later is too young to be missed. `empty_days` are days without
    a message although there should be many. `waiting` is of the ledger: messages in its spools by leg, as its run files
    say; what waits for every leg is in no record yet.
    """

    path: str
    files: int
    bytes: int
    rows: int
    rejected_lines: int
    rejected: tuple[Place, ...]
    incomplete: tuple[Place, ...]
    holes: tuple[str, ...]
    empty_days: tuple[str, ...] = ()
    waiting: Counts = {}
    ignored_files: int
    first_at: str | None
    watermark: str | None
    notes: tuple[str, ...]

    @property
    def is_short(self) -> bool:
        """Whether messages may lie in what could not be read, is missing, or is empty."""
        return bool(self.rejected_lines or self.incomplete or self.holes or self.empty_days)


class SourceTotals(_Part):
    """One source in the window. `duplicates` are rows beyond the first of a message (ledger: of a message and leg)."""

    rows: int
    messages: int
    duplicates: int
    rejected_lines: int


class Totals(_Part):
    """The counts over all events. A source that was not given has no entry; its side of `missing` is None.

    `matched`: wherever it was looked for, and the same. `compared`: two sources or more know its payload.
    `drift_examined`: pairs that were opened to name their paths. `unrecorded`: in an export, not in the ledger.
    `skipped`, `too_young` and `expected` are absences that are no loss. `drift` is without `drift_expected`, messages
    in which all that differs is expected by a rule, and without `drift_noise`, those in which it is no more than the
    baseline's own noise; the two are neither matched nor drifted.
    """

    messages: int
    matched: int
    compared: int
    drift: int
    drift_expected: int = 0
    drift_noise: int = 0
    drift_examined: int
    missing: dict[Side, int | None]
    skipped: dict[Side, int | None]
    too_young: dict[Side, int | None]
    expected: dict[Side, int | None]
    unrecorded: int
    ledger: SourceTotals | None = None
    segment: SourceTotals | None = None
    customerio: SourceTotals | None = None


class DriftRow(_Part):
    """A path that differs in `count` messages. `sides`: who differs from the ledger; `unknown` without one."""

    path: str
    kind: Literal["missing_key", "null", "type", "value"]
    count: int
    sides: Counts
    events: tuple[str, ...]


class IdentityRow(_Part):
    """A message whose identity differs; `side` stands alone against the ledger, `unknown` without one."""

    message_id: str
    type: str
    event: str
    day: str
    side: Literal["segment", "customerio", "both", "unknown"]


class Identity(_Part):
    """Messages whose identity differs: all counted, the first `len(rows)` listed."""

    count: int
    is_ledger_compared: bool
    rows: tuple[IdentityRow, ...]


class RenamedRow(_Part):
    """The names of one event; None where a source lacks the messages or knows no name."""

    ledger: str | None
    segment: str | None
    customerio: str | None
    count: int


class Renamed(_Part):
    """Messages whose event goes by another name on a side."""

    count: int
    rows: tuple[RenamedRow, ...]


class DuplicateRow(_Part):
    """`count` surplus rows of `messages` messages."""

    side: Side
    event: str
    type: str
    messages: int
    count: int


class Duplicates(_Part):
    """Rows beyond the first of a message."""

    count: int
    rows: tuple[DuplicateRow, ...]


class EventRow(_Part):
    """One event on one UTC day; an event without a name goes by its type."""

    event: str
    type: str
    day: str
    messages: int
    sent: int
    segment: int
    customerio: int
    matched: int
    missing: dict[Side, int]
    drift: int
    duplicates: int
    identity: int
    renamed: int
    too_young: int
    faults: int = Field(description="Messages that are missing or different, each once, and surplus rows.")
    health: float = Field(description="Share in percent of messages that are neither missing nor different.")


class ReasonRow(_Part):
    """Absences by cause and the ledger's own reason."""

    side: Side
    cause: str
    reason: str
    type: str
    count: int
    is_counted: bool


class SampleDifference(_Part):
    """One difference of a sample; values are type and length only, unless values were asked for."""

    path: str
    kind: str
    segment: Any
    customerio: Any


class Sample(_Part):
    """A message to look at, with the lines to look at; of a type conflict only the first line of its kind is known.

    `segment` and `customerio` are `file:line`. The offsets are in the unpacked bytes of the file; of Parquet, rows.
    """

    kind: Literal[
        "missing",
        "drift",
        "duplicate",
        "identity",
        "renamed",
        "conflicting_duplicate",
        "foreign_writer",
        "reordered",
        "late",
        "slow",
        "clock_skew",
        "name_variant",
        "type_conflict",
        "trait_fight",
    ]
    side: str
    cause: str
    reason: str
    message_id: str
    type: str
    event: str
    day: str
    segment: str | None
    customerio: str | None
    segment_offset: int | None = None
    customerio_offset: int | None = None
    differences: tuple[SampleDifference, ...] = ()


class ClassRow(_Part):
    """So many of a class, for one event and day at one side; `detail` says what is not in the other columns."""

    side: str
    event: str
    type: str
    day: str
    count: int
    detail: str = ""


class ClassReport(_Part):
    """One class of findings: how many, of what (`unit`), where, and what to do about it.

    `count` is the sum over all rows; the first 1,000 of them are listed.
    """

    name: str
    title: str
    unit: str
    count: int
    meaning: str
    advice: str
    rows: tuple[ClassRow, ...]


class Bucket(_Part):
    """Messages whose lag is over the bound of the bucket before and at most this one; None is no bound."""

    up_to_ms: int | None
    count: int


class LatencyRow(_Part):
    """How long messages took to a side, in milliseconds; percentiles are of the nearest rank.

    `delivery` is from the call, as the ledger has it, to the side's `received_at`. `clock` is between `sent_at` and
    `received_at`, in either direction: a clock each, so a median far from zero is a clock that is wrong. `backwards`
    counts arrivals before their call, or before they were sent. `grade` is of p99 for `delivery`, of p50 for `clock`:
    up to 10 s, 60 s, 120 s, and beyond.
    """

    side: Side
    measure: Literal["delivery", "clock"]
    messages: int
    backwards: int
    p50_ms: int
    p90_ms: int
    p99_ms: int
    max_ms: int
    grade: Literal["healthy", "acceptable", "slow", "trouble"]
    buckets: tuple[Bucket, ...]


class ParityReport(_Part):
    """What a parity run found. `readiness` is None where no history is kept, `noise` where there is no baseline."""

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
