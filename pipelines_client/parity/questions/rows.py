"""The questions of `queries/` and the types of their rows. Pure.

A `Question` names a file of `queries/`. The fields of its row type are the columns of the file, in its order; a test
compares them. Findings declare the questions that only they ask: their rows are `FoundRow` or add columns to it. A
field `count` hides `tuple.count`, which no row needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Question(Generic[R]):
    """A file of `queries/` and the type of its rows."""

    name: str
    row: Callable[..., R]


class Answers(dict[Question[Any], list[Any]]):
    """The rows that an engine answered with, by question."""

    def __getitem__(self, question: Question[R]) -> list[R]:
        """Return the rows of a question that was asked."""
        return super().__getitem__(question)


class CauseRow(NamedTuple):
    """A row of the table `causes`, which the questions join: a cause of an absence and flags of 0 or 1."""

    cause: str
    is_loss: int
    is_proven: int
    is_unexplained: int
    is_hidden: int
    is_replayed: int


@dataclass(frozen=True, slots=True)
class FoundRow:
    """What is wrong with `count` messages of an event and day at a side, with the lines of one of them."""

    side: str
    event: str
    type: str
    day: str
    count: int
    message_id: str
    segment_file: str | None
    segment_line: int | None
    segment_offset: int | None
    customerio_file: str | None
    customerio_line: int | None
    customerio_offset: int | None


class AbsenceGroupsRow(NamedTuple):
    """Absences that are alike; a cause is empty at a side that lacks nothing."""

    event: str
    type: str
    day: str
    hour: int
    segment_cause: str
    segment_reason: str
    customerio_cause: str
    customerio_reason: str
    is_faulty: int
    origin: str | None
    library: str | None
    write_key_suffix: str | None
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here


class ComparisonsRow(NamedTuple):
    """What was compared of a side in one dimension, what of it differs, and what lacks it that should show it."""

    dimension: str
    side: str
    messages: int
    compared: int
    different: int
    lacking: int


class CountsByDayRow(NamedTuple):
    """What a source without ids counted."""

    source: str
    event: str
    type: str
    day: str
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here


class DriftPairsRow(NamedTuple):
    """A message whose payloads differ, and where its lines are."""

    message_id: str
    type: str
    label: str
    day: str
    in_ledger: int
    segment_drift: int
    customerio_drift: int
    exports_drift: int
    segment_file: str | None
    segment_line: int | None
    segment_offset: int | None
    segment_bytes: int | None
    customerio_file: str | None
    customerio_line: int | None
    customerio_offset: int | None
    customerio_bytes: int | None
    is_faulty: int


class DuplicatesRow(NamedTuple):
    """Surplus copies of `messages` messages."""

    side: str
    event: str
    type: str
    messages: int
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here


class EventsRow(NamedTuple):
    """An event on a UTC day. `bad` messages are missing or different, each counted once.

    By side, `compared`, `identified` and `named` messages have a payload, an identity and a name that can be compared.
    """

    event: str
    type: str
    day: str
    messages: int
    sent: int
    segment: int
    customerio: int
    matched: int
    compared: int
    missing_segment: int
    missing_customerio: int
    proven_segment: int
    proven_customerio: int
    foreign_segment: int
    foreign_customerio: int
    hidden_segment: int
    hidden_customerio: int
    young_segment: int
    young_customerio: int
    bad: int
    drift: int
    too_young: int
    identity: int
    renamed: int
    duplicates: int
    compared_segment: int
    compared_customerio: int
    drift_segment: int
    drift_customerio: int
    identified_segment: int
    identified_customerio: int
    identity_segment: int
    identity_customerio: int
    named_segment: int
    named_customerio: int
    renamed_segment: int
    renamed_customerio: int
    same_segment: int
    same_customerio: int
    bad_segment: int
    bad_customerio: int


class HoursRow(NamedTuple):
    """What a side should have of an hour since 1970, and what of it is lost."""

    side: str
    hour: int
    messages: int
    lost: int


class IdentitiesRow(NamedTuple):
    """A message whose identity differs, and at which side; `identifiers` are bits of `Fact.is_reduced`."""

    message_id: str
    type: str
    event: str
    day: str
    side: str
    identifiers: int


class IdentityKeyRow(NamedTuple):
    """How many persons of the ledger were compared with those of the sides, and how many are the same."""

    compared: int
    same: int


class LagsRow(NamedTuple):
    """How long messages took to a side. `upto_…` counts lags up to that many milliseconds."""

    side: str
    measure: str
    messages: int
    backwards: int
    p50_ms: int
    p90_ms: int
    p99_ms: int
    max_ms: int
    upto_1000: int
    upto_10000: int
    upto_60000: int
    upto_120000: int
    upto_600000: int
    upto_3600000: int
    upto_86400000: int
    beyond: int


class LegsRow(NamedTuple):
    """A leg that the ledger has records of."""

    leg: str


class MissingByCauseRow(NamedTuple):
    """Absences of one cause."""

    side: str
    cause: str
    reason: str
    type: str
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here


class OutsideRow(NamedTuple):
    """Messages outside the window, by source."""

    ledger: int
    segment: int
    customerio: int


class RenamesRow(NamedTuple):
    """The names that one event has in each source."""

    ledger: str | None
    segment: str | None
    customerio: str | None
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here


class ReplayListRow(NamedTuple):
    """A message that a replay should send to a side, and where the other side has a copy."""

    message_id: str
    side: str
    cause: str
    type: str
    event: str | None
    message_at_ms: int | None
    finished_at_ms: int | None
    copy_source: str | None
    copy_file: str | None
    copy_line: int | None
    copy_offset: int | None
    copy_bytes: int | None
    origin: str | None
    library: str | None
    write_key_suffix: str | None


class SamplesRow(NamedTuple):
    """A message to look at; `kind` is `Sample.kind`."""

    kind: str
    side: str
    cause: str
    reason: str
    message_id: str
    type: str
    event: str
    day: str
    segment_file: str | None
    segment_line: int | None
    segment_offset: int | None
    customerio_file: str | None
    customerio_line: int | None
    customerio_offset: int | None
    origin: str | None
    library: str | None
    write_key_suffix: str | None


class SlugsRow(NamedTuple):
    """An event known only by the name of a warehouse column, if by any."""

    event: str
    is_slug: int
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here


class SpansRow(NamedTuple):
    """What a source has of one UTC day, counted from 1970."""

    source: str
    is_received: int
    day_number: int
    messages: int
    first_ms: int | None
    last_ms: int | None
    first_appended_ms: int | None
    last_appended_ms: int | None
    misdated: int
    has_milliseconds: int


class TotalsRow(NamedTuple):
    """The counts over all messages."""

    messages: int
    matched: int
    compared: int
    paired: int
    drift: int
    identity: int
    renamed: int
    cured: int
    unrecorded: int
    ledger_rows: int
    ledger_messages: int
    ledger_duplicates: int
    segment_rows: int
    segment_messages: int
    segment_duplicates: int
    customerio_rows: int
    customerio_messages: int
    customerio_duplicates: int


ABSENCE_GROUPS = Question("absence_groups", AbsenceGroupsRow)
COMPARISONS = Question("comparisons", ComparisonsRow)
COUNTS = Question("counts", CountsByDayRow)
DRIFT_PAIRS = Question("drift_pairs", DriftPairsRow)
DUPLICATES = Question("duplicates", DuplicatesRow)
EVENTS = Question("events", EventsRow)
HOURS = Question("hours", HoursRow)
IDENTITY = Question("identity", IdentitiesRow)
IDENTITY_KEY = Question("identity_key", IdentityKeyRow)
LATENCY = Question("latency", LagsRow)
LEGS = Question("legs", LegsRow)
MISSING_BY_CAUSE = Question("missing_by_cause", MissingByCauseRow)
OUTSIDE = Question("outside", OutsideRow)
RENAMED = Question("renamed", RenamesRow)
REPLAY_LIST = Question("replay_list", ReplayListRow)
SAMPLES = Question("samples", SamplesRow)
SLUGS = Question("slugs", SlugsRow)
SPANS = Question("spans", SpansRow)
TOTALS = Question("totals", TotalsRow)

QUESTIONS = (
    ABSENCE_GROUPS,
    COMPARISONS,
    COUNTS,
    DRIFT_PAIRS,
    DUPLICATES,
    EVENTS,
    HOURS,
    IDENTITY,
    IDENTITY_KEY,
    LATENCY,
    LEGS,
    MISSING_BY_CAUSE,
    OUTSIDE,
    RENAMED,
    REPLAY_LIST,
    SAMPLES,
    SLUGS,
    SPANS,
    TOTALS,
)
"""The questions of this file; a run asks them, some of them only where it needs the answer."""
