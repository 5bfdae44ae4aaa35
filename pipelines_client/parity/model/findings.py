"""What was found: absences, differences, duplicates, classes, latency and samples. Pure."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from pipelines_client.parity.model.base import Counts, Frozen, Side


class DriftRow(Frozen):
    """A path that differs in `count` messages. `sides` differ from the ledger; `unknown` without a ledger."""

    path: str
    kind: Literal["missing_key", "null", "type", "value"]
    count: int
    sides: Counts
    events: tuple[str, ...]


class IdentityRow(Frozen):
    """A message whose identity differs. `side` differs from the ledger; `unknown` without a ledger.

    `identifiers` are those that differ; `person` is the userId, or without one what stands for it.
    """

    message_id: str
    type: str
    event: str
    day: str
    side: Literal["segment", "customerio", "both", "unknown"]
    identifiers: tuple[str, ...] = ()


class Identity(Frozen):
    """Messages whose identity differs: all are counted, the first 1,000 are listed."""

    count: int
    is_ledger_compared: bool
    rows: tuple[IdentityRow, ...]


class RenamedRow(Frozen):
    """The names of one event; None if a source does not have the messages or the name."""

    ledger: str | None
    segment: str | None
    customerio: str | None
    count: int


class Renamed(Frozen):
    """Messages whose event has another name at a side."""

    count: int
    rows: tuple[RenamedRow, ...]


class DuplicateRow(Frozen):
    """`count` extra rows of `messages` messages."""

    side: Side
    event: str
    type: str
    messages: int
    count: int


class Duplicates(Frozen):
    """Rows after the first of a message."""

    count: int
    rows: tuple[DuplicateRow, ...]


class ReasonRow(Frozen):
    """Absences by cause and the reason in the ledger. `is_counted`: they count as loss."""

    side: Side
    cause: str
    reason: str
    type: str
    count: int
    is_counted: bool


class MissingEventRow(Frozen):
    """How many messages of an event a side has lost; the 1,000 rows with the most are listed."""

    side: Side
    event: str
    type: str
    count: int


class SampleDifference(Frozen):
    """One difference of a sample. Values are shown as type and length, unless the report shows values."""

    path: str
    kind: str
    segment: Any
    customerio: Any


class Sample(Frozen):
    """A message to look at, with its lines; a type conflict has only the first line of its kind.

    `segment` and `customerio` are `file:line`. Offsets are in the unpacked bytes of the file; in Parquet they are rows.
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


class ClassRow(Frozen):
    """The findings of a class for one event and day at one side; `detail` has what is not in the other columns."""

    side: str
    event: str
    type: str
    day: str
    count: int
    detail: str = ""


class ClassReport(Frozen):
    """One class of findings: how many, in which unit, where, and what to do about them.

    `count` is the sum over all rows; the first 1,000 of them are listed. `sides` counts the findings at each side, some
    of them at both.
    """

    name: str
    title: str
    unit: str
    count: int
    sides: Counts = Field(default_factory=dict)
    meaning: str
    advice: str
    rows: tuple[ClassRow, ...]


class Bucket(Frozen):
    """Messages whose lag is above the bound of the bucket before and at most `up_to_ms`; None is unlimited."""

    up_to_ms: int | None
    count: int


class LatencyRow(Frozen):
    """How long messages took to a side, in milliseconds; percentiles are of the nearest rank.

    `delivery` is from the call, as recorded in the ledger, to the side's `received_at`. `clock` is between `sent_at`
    and `received_at`, in either direction. The two come from different clocks, so a median far from zero means that one
    clock is wrong. `backwards` counts messages that arrived before their call, or before they were sent. `grade` is of
    p99 for `delivery` and of p50 for `clock`: up to 10 s, 60 s, 120 s, and above.
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
