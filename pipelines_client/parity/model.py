"""ParityReport: the report. The terminal, HTML and Markdown render it and compute nothing.

The names are a contract: `schema_version` goes up when one changes its meaning. Lists are in a fixed order; only
`generated_at` differs between two runs over the same files.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field

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

    kind: str
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


class Verdict(str, Enum):
    """What a report comes to; the value is the word on the wire."""

    PASS = "pass"  # noqa: S105 - the verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"

    @property
    def exit_code(self) -> int:
        """The exit code of the command: 0, 1 or 3; 2 is bad input."""
        return {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 3}[self]


GateResult = Literal["passed", "failed", "inconclusive"]


SHARED_UNITS = frozenset(("messages", "rows", "copies"))
"""Units of which a share of all messages makes sense."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is bearable. Shares are percent; counts are messages."""

    max_missing_pct: float = 0.1
    max_drift_pct: float = 0.1
    max_duplicates_pct: float = 0.1
    max_counts_pct: float = 5.0
    max_identity: int = 0
    max_renamed: int = 0
    min_events: int = 100
    min_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GateKey:
    """What a gate judges. Each field is empty where it does not apply.

    `side` is a side or another source, `event` a single event, `subject` a class of findings or a truth check.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="ignore")  # a report in JSON has the computed name too

    kind: str
    side: str = ""
    subject: str = ""
    event: str = ""

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorator of a property
    @property
    def name(self) -> str:
        """The name in reports, metrics and the history, without the event: `missing_segment`, `class_late`."""
        about = self.side or self.subject
        joint = ":" if self.kind == "check" else "_"
        return f"{self.kind}{joint}{about}" if about else self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(GateKey):
    """One limit and how the evidence stands against it; `unit` belongs to `limit` and `actual`."""

    limit: float
    actual: float
    unit: str
    result: GateResult
    evidence: str


class ExpectedRow(BaseModel):
    """A rule for an expected difference, and how many messages it is about; 0 where nothing is as it says.

    What a rule that is not expired is about is counted here and nowhere else. An expired one excuses nothing: its
    `count` says how much is counted elsewhere again. `kind` is empty for any kind of drift; `expiry` is the last UTC
    day, None for a rule that came with the package.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Literal["", "missing_key", "null", "type", "value", "missing"]
    path: str
    event: str
    side: Literal["", "segment", "customerio"]
    reason: str
    owner: str
    expiry: str | None
    is_builtin: bool
    is_expired: bool
    count: int


ERROR_PCT = 1.0
"""In so many of a hundred reports noise alone may be called drift."""


class NoiseRow(_Part):
    """A path that differs, held against how often a leg differs from itself there.

    `noise`: no more than the baseline's own. `drift`: proven to be more. `unproven`: the baseline is quiet there, and
    too short to prove that this is more; it counts as drift, and alone it makes a gate inconclusive, not failed.
    """

    path: str
    kind: Literal["missing_key", "null", "type", "value"]
    count: int
    baseline_count: int
    result: Literal["drift", "noise", "unproven"]


class Noise(_Part):
    """The comparison of a leg with itself. `error_pct` is the chance that noise alone is called drift in a report."""

    side: Literal["segment", "customerio"]
    path: str
    compared: int
    baseline_compared: int
    error_pct: float = ERROR_PCT
    rows: tuple[NoiseRow, ...]


class TrendDay(_Part):
    """What the runs of one UTC day come to; `verdict` is None for a day without a run.

    `is_in_row`: one of the passing days in a row that end today. `note` says why a day is judged as it is, where that
    is not plain.
    """

    day: str
    verdict: Verdict | None
    runs: int
    messages: int
    missing_pct: float
    drift_pct: float
    is_in_row: bool
    note: str = ""


class Readiness(_Part):
    """Whether the days of late allow the cutover: so many passing days in a row, up to and with this run's.

    `since` is the first of them. `trend` has the last 30 days, oldest first. `unread_lines` are lines of the history
    that could not be read; the days that they spoke of count as days without a run.
    """

    state: Literal["ready", "not_yet"]
    passed_days: int
    ready_after_days: int
    days_left: int
    since: str | None
    reason: str
    unread_lines: int = 0
    trend: tuple[TrendDay, ...]


class LossBound(_Part):
    """How much one side loses at most, of all messages and of an average hour's.

    `messages` should be at the side, `missing` are not. `at_most_pct` takes each to be lost by itself;
    `hour_at_most_pct` is the share that an average hour loses at most, however its losses fall together. `one_in` and
    `hour_one_in` are the same as "fewer than one in"; None where nothing is proven.
    """

    side: Side
    messages: int
    missing: int
    at_most_pct: float
    one_in: int | None
    hours: int
    lossy_hours: int
    hour_at_most_pct: float
    hour_one_in: int | None
    words: str


class ThinEvent(_Part):
    """An event that loses no more than is bearable as far as was seen, and of which too little was seen to prove it.

    `needed`: that many messages would prove it if no more of them were missing; None: no number does, the limit is 0.
    """

    side: Side
    event: str
    type: str
    messages: int
    missing: int
    limit_pct: float
    at_most_pct: float
    needed: int | None


class Unseen(_Part):
    """What is proven about loss, each bound by itself with `confidence_pct` over all looks of a series.

    This report is its `look`-th look, of which `error_pct` is the risk. `thin_events` counts all events with too little
    evidence, the first 1,000 are listed.
    """

    confidence_pct: float
    look: int
    error_pct: float
    words: str
    bounds: tuple[LossBound, ...]
    thin_events: int
    thin: tuple[ThinEvent, ...]


class CheckReport(_Part):
    """What came of one check. `rows` are the first 20 of `count`, a value for each column; 1,001 is more than 1,000.

    Texts are shown by their length, unless values were asked for or the column is one that a report shows anyway.
    """

    name: str
    reason: str
    expect: str
    result: GateResult
    words: str
    count: int
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | None, ...], ...]


Baseline = Literal["sent", "segment", "customerio", "messages"]


class CountsRow(BaseModel):
    """One event on one UTC day, or with an empty day over all whole days. `deviation_pct` is of the larger count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event: str
    type: str
    day: str
    ours: int
    theirs: int
    deviation_pct: float
    is_judged: bool


class CountsReport(BaseModel):
    """A source that only counts, beside what it was held against; the rows that deviate most come first.

    `ours` says which count of ours: `sent` is the ledger's, `segment` and `customerio` those of an export, `messages`
    those of all sources. `unknown_events` counts their events that we do not know; they are not judged. `gaps` says
    what the evidence of either lacks: while there are any, nothing is judged by it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    path: str
    ours: Baseline
    ours_total: int
    theirs_total: int
    whole_days: int
    judged: int
    beyond: int
    unknown_events: int
    rows: tuple[CountsRow, ...]
    rejected_lines: int
    gaps: tuple[str, ...] = ()
    notes: tuple[str, ...]


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
