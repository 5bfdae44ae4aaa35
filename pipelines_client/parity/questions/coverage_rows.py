"""The questions about what the evidence of a side covers, and the types of their rows. Pure."""

from __future__ import annotations

from typing import NamedTuple

from pipelines_client.parity.questions.rows import Question


class GapRow(NamedTuple):
    """A row of the table `gaps`: what a side's evidence does not cover of one type of call; `until_ms` excluded."""

    side: str
    type: str
    from_ms: int
    until_ms: int


NO_GAP = GapRow("", "", 0, 0)
"""Gives the table `gaps` its columns where there is no gap."""


class CoveredRow(NamedTuple):
    """What a side has of one type of call in one slot of time."""

    side: str
    type: str
    slot: int
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here
    first_ms: int
    last_ms: int


class UncoveredRow(NamedTuple):
    """What a side lacks of one event in one slot of time, and how much of the event it has anywhere."""

    side: str
    type: str
    label: str
    slot: int
    origin: str | None
    library: str | None
    write_key_suffix: str | None
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here
    present: int


class InGapsRow(NamedTuple):
    """How many messages may lie in a gap, which is a row of the table `gaps`; the first was taken at `first_ms`."""

    side: str
    type: str
    from_ms: int
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here
    first_ms: int | None


class AbsentDaysRow(NamedTuple):
    """What a side lacks on a day for a reason that no source gives."""

    side: str
    day: str
    cause: str
    count: int  # type: ignore[assignment]  # hides `tuple.count`, which is not used here


COVERED = Question("covered", CoveredRow)
UNCOVERED = Question("uncovered", UncoveredRow)
IN_GAPS = Question("in_gaps", InGapsRow)
ABSENT_DAYS = Question("absent_days", AbsentDaysRow)
COVERAGE_QUESTIONS = (COVERED, UNCOVERED, IN_GAPS, ABSENT_DAYS)
