"""The questions about the end of a window, and what was judged before it. Pure."""

from __future__ import annotations

from typing import NamedTuple

from pipelines_client.parity.questions.rows import Question


class ClosedRow(NamedTuple):
    """Where a closed window ends; the first of `waiting` messages, taken at `held_ms`, may hold it back."""

    waiting: int
    held_ms: int | None
    closes_ms: int | None
    ends_ms: int | None


class NewestRow(NamedTuple):
    """The newest message of each source that was judged, and how many came after the window."""

    ledger_ms: int | None
    segment_ms: int | None
    customerio_ms: int | None
    later: int


CLOSED = Question("closed", ClosedRow)
NEWEST = Question("newest", NewestRow)
