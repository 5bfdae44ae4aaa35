"""What was compared: the window, the sources, and the totals. Pure."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipelines_client.parity.model.base import Counts, Frozen, Side

WindowMode = Literal["last", "ledger", "given", "all"]


class Window(Frozen):
    """The window that was compared. `since` is included, `until` is not; None is open.

    What was taken before `closes_at` is decided: each source has it, or lacks it for good. None if a source has no
    times. `later` messages came after the window.
    """

    mode: WindowMode
    since: str | None
    until: str | None
    closes_at: str | None
    chosen: str
    outside: Counts
    later: int


class Place(Frozen):
    """A line of a file's unpacked text; line 0 is the whole file."""

    file: str
    line: int
    reason: str

    @property
    def text(self) -> str:
        """Return file, line and reason; a whole file has no line."""
        return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"


class SourceReport(Frozen):
    """One source as a whole, independent of the window: where it is, and what of it could not be read.

    `watermark` is the last `received_at`: a message sent later is too young to be missing. `empty_days` are days
    without a message on which there should be many. `waiting` counts by leg the messages in the ledger's spools, as its
    run files say; a message that waits for every leg is not in the ledger yet.
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
    waiting: Counts = Field(default_factory=dict)
    ignored_files: int
    first_at: str | None
    watermark: str | None
    notes: tuple[str, ...]

    @property
    def is_short(self) -> bool:
        """Whether there may be more messages in parts that are unreadable, missing or empty."""
        return bool(self.rejected_lines or self.incomplete or self.holes or self.empty_days)


class GapReport(Frozen):
    """What a side's evidence does not cover: `types` of call, or all if there are none, from `since` to `until`.

    `files` are those to look for. `absent` messages, which other sources have, may lie in it; `present` are there all
    the same. `option` is what a team gives that has checked that nothing is missing there: then what is absent counts
    as lost.
    """

    side: Side
    types: tuple[str, ...]
    since: str
    until: str
    absent: int
    present: int
    words: str
    files: tuple[str, ...] = ()
    option: str


class VouchedReport(Frozen):
    """A span in which `owner` says that a side's evidence is whole; `absent` messages in it count as lost for that."""

    side: Side
    since: str
    until: str
    owner: str
    reason: str
    absent: int


class ReplayReport(Frozen):
    """The replay list: its `messages`, and those `left_out` at each side because they may lie in a gap."""

    messages: int
    left_out: dict[Side, int]


class SourceTotals(Frozen):
    """One source in the window. `duplicates` are rows after the first of a message (ledger: of a message and leg)."""

    rows: int
    messages: int
    duplicates: int
    rejected_lines: int


class SideTotals(Frozen):
    """The messages of one side in the window, which shares and minimums are counted over.

    `meant` messages should be at the side, and `messages` are there. The payload of `compared` ones, the identity of
    `identified` ones and the name of `named` ones could be compared with the ledger, or without it with the other side;
    `drift`, `identity` and `renamed` are those of them that differ. `same` messages are compared, and nothing differs.
    """

    meant: int
    messages: int
    missing: int
    compared: int
    drift: int
    identified: int
    identity: int
    named: int
    renamed: int
    same: int


class Totals(Frozen):
    """The counts over all events. A source that was not given has no entry; its side of `missing` is None.

    `sides` has the counts that the gates look at. `matched` messages are in every source that was given, and the same.
    `compared` messages have a payload in at least two sources. `drift_examined` pairs were opened to name their paths.
    `unrecorded` messages are in an export but not in the ledger. `skipped`, `too_young` and `expected` absences do not
    count as loss. `drift` excludes `drift_expected`, messages whose differences are all expected by a rule, and
    `drift_noise`, messages that differ no more than the baseline does; these two count neither as matched nor as drift.
    `cured` messages have at Customer.io the payload that a cure makes of the recorded one; they count as matched.
    """

    messages: int
    matched: int
    compared: int
    drift: int
    drift_expected: int = 0
    drift_noise: int = 0
    cured: int = 0
    drift_examined: int
    missing: dict[Side, int | None]
    skipped: dict[Side, int | None]
    too_young: dict[Side, int | None]
    expected: dict[Side, int | None]
    unrecorded: int
    sides: dict[Side, SideTotals] = Field(default_factory=dict)
    ledger: SourceTotals | None = None
    segment: SourceTotals | None = None
    customerio: SourceTotals | None = None


class EventRow(Frozen):
    """One event on one UTC day; an event without a name has its type as a name."""

    event: str
    type: str
    day: str
    messages: int
    sent: int
    segment: int
    customerio: int
    matched: int
    meant: dict[Side, int] = Field(description="Messages that each side should have.")
    missing: dict[Side, int]
    drift: int
    duplicates: int
    identity: int
    renamed: int
    too_young: int
    faults: int = Field(description="Messages that are missing or different, each counted once, and extra rows.")
    health: float = Field(
        description="Percentage of messages that are neither missing nor different, at the worse side."
    )


Baseline = Literal["sent", "segment", "customerio", "messages"]


class CountsRow(Frozen):
    """One event on one UTC day, or over all whole days if `day` is empty. `deviation_pct` is of the larger count."""

    event: str
    type: str
    day: str
    ours: int
    theirs: int
    deviation_pct: float
    is_judged: bool


class CountsReport(Frozen):
    """A source of counts and the counts that it was compared with; the rows that deviate most come first.

    `ours` names the counts that it was compared with: `sent` is the ledger, `segment` and `customerio` an export,
    `messages` all sources together. `unknown_events` counts events that only the other source has; they are not judged.
    `gaps` says what is missing in the evidence of either; if there are any, nothing is judged. `uncovered` says which
    days of ours come before its first or after its last count: if there are any, it does not pass.
    """

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
    uncovered: tuple[str, ...] = ()
    notes: tuple[str, ...]
