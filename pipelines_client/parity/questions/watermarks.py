"""The time that each source spans, and its watermark: up to when a missing message means something. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pipelines_client.clock import unix_ms
from pipelines_client.evidence.instants import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from pipelines_client.parity.questions.rows import SpansRow


@dataclass(frozen=True, slots=True)
class Span:
    """The time that one source spans; `first_ms` and `last_ms` are times of receipt, or of sending where few have one.

    `later` messages are dated after tomorrow by a wrong clock; they are not in `last_ms`. `misdated` records of a
    ledger are older than any ledger can be; they are not in `first_appended_ms`.
    """

    first_ms: int | None
    last_ms: int | None
    first_appended_ms: int | None
    last_appended_ms: int | None
    has_milliseconds: bool
    later: int = 0
    misdated: int = 0

    @property
    def watermark_ms(self) -> int | None:
        """Return the last instant that the source covers; a time in whole seconds covers its whole second."""
        if self.last_ms is None or self.has_milliseconds:
            return self.last_ms
        return self.last_ms + 999

    @property
    def notes(self) -> list[str]:
        """Say which times are not used because a clock was wrong."""
        notes = []
        if self.later:
            notes.append(
                f"{self.later:,} of its messages are dated after tomorrow: a clock is wrong, and they do not move the"
                " watermark."
            )
        if self.misdated:
            notes.append(
                f"{self.misdated:,} of its records are dated before 2026: a clock was wrong, and they do not move the"
                " window."
            )
        return notes


def spans_of(rows: Iterable[SpansRow], now: datetime) -> dict[str, Span]:
    """Return the span of each source.

    If all messages of a source are dated after tomorrow, the clock of `now` is not used.
    """
    by_source: dict[str, list[SpansRow]] = defaultdict(list)
    for row in rows:
        by_source[row.source].append(row)
    tomorrow = unix_ms(now) // DAY_MS + 1
    return {source: _span(days, tomorrow) for source, days in by_source.items()}


def extent_of(source: str, spans: Mapping[str, Span]) -> tuple[int | None, int | None]:
    """Return the first and the last instant of a source: of a ledger, when it took its messages."""
    span = spans.get(source)
    if span is None:
        return None, None
    return (span.first_appended_ms, span.last_appended_ms) if source == "ledger" else (span.first_ms, span.last_ms)


class Closing(NamedTuple):
    """Where a closed window ends at the latest, and the source that decides it, with its own end."""

    at_ms: int
    source: str
    ends_ms: int


def closing_of(
    ends_ms: Mapping[str, int | None], allowances_ms: Mapping[str, int], sources: Collection[str]
) -> Closing | None:
    """Return the last instant of which every source has all: the first of their ends, less what each may be late.

    None if a source has no times: then nothing says up to when it is whole.
    """
    known = [
        Closing(end_ms - allowances_ms[name], name, end_ms)
        for name in sources
        if (end_ms := ends_ms.get(name)) is not None
    ]
    return min(known) if known and len(known) == len(sources) else None


def _span(rows: list[SpansRow], tomorrow: int) -> Span:
    known = [row for row in rows if row.last_ms is not None]
    received = [row for row in known if row.is_received]
    dated = received if 2 * _messages(received) >= _messages(known) else known  # a few are not representative
    believed = [row for row in dated if row.day_number <= tomorrow] or dated
    return Span(
        first_ms=min(_known(row.first_ms for row in believed), default=None),
        last_ms=max(_known(row.last_ms for row in believed), default=None),
        first_appended_ms=min(_known(row.first_appended_ms for row in rows), default=None),
        last_appended_ms=max(_known(row.last_appended_ms for row in rows), default=None),
        has_milliseconds=any(row.has_milliseconds for row in believed),
        later=_messages(dated) - _messages(believed),
        misdated=sum(row.misdated for row in rows),
    )


def _known(instants: Iterable[int | None]) -> list[int]:
    return [instant for instant in instants if instant is not None]


def _messages(rows: list[SpansRow]) -> int:
    return sum(row.messages for row in rows)
