"""What a team vouches for: spans of time in which a side's evidence is whole, although it shows a gap. Pure.

    [[complete]]                       in parity.toml
    side = "segment"
    from = 2026-11-22T10:00:00Z
    until = 2026-11-22T13:00:00Z       not included
    owner = "data@example.com"
    reason = "Segment was down; its support confirmed it"

On the command line the same is `--complete segment=2026-11-22T10:00..13:00`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from pipelines_client.clock import DatetimeField, unix_ms
from pipelines_client.sides import SIDES, Leg

COMMAND_LINE = "the command line"
_EXAMPLE = "segment=2026-11-22T10:00..13:00"
_TIME = re.compile(r"\d{2}:\d{2}.*")


class SideSpan(NamedTuple):
    """A span of time at a side, in Unix milliseconds; `until_ms` is not included."""

    side: Leg
    from_ms: int
    until_ms: int


def _instant(value: Any) -> datetime:
    """Read an ISO date or time, without a zone in UTC.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
    if isinstance(value, datetime):
        with suppress(OverflowError):  # its zone may move it before the year 1, or its day may be the last there is
            at: datetime = value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)
            unix_ms(at.astimezone(timezone.utc) + timedelta(days=1))
            return at
    raise ValueError(f"{value!r} is not a time; write 2026-11-22 or 2026-11-22T10:00:00Z")


_Instant = Annotated[DatetimeField, BeforeValidator(_instant)]
_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Complete(BaseModel):
    """A span in which a side's evidence is whole: the owner who says so, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)

    side: Leg
    since: _Instant = Field(alias="from")
    until: _Instant
    owner: _Words
    reason: _Words

    @model_validator(mode="after")
    def _ends_later(self) -> Complete:
        if self.until <= self.since:
            raise ValueError(f'"until" ({self.until.isoformat()}) is not later than "from" ({self.since.isoformat()})')
        return self

    @property
    def span(self) -> SideSpan:
        """Return the span in Unix milliseconds."""
        return SideSpan(self.side, unix_ms(self.since), unix_ms(self.until))


def parse_complete(text: str) -> Complete:
    """Read `SIDE=FROM..UNTIL`; an `UNTIL` without a day is on that of `FROM`, in its zone; a day alone is all of it.

    Raises:
        ValueError: Says what to write instead.
    """
    side, equals, span = text.strip().partition("=")
    if not equals or not span:
        raise ValueError(f"{text!r} names no span; write {_EXAMPLE}")
    if side not in SIDES:
        raise ValueError(f"{side!r} is not a side; write {' or '.join(f'{name}=…' for name in SIDES)}")
    first, dots, last = (part.strip() for part in span.partition(".."))
    since = _instant(first)
    if not dots:
        if since.time() != time():
            raise ValueError(f"{text!r} has no end; write {_EXAMPLE}")
        until = since + timedelta(days=1)
    elif _TIME.fullmatch(last):
        until = _instant(f"{since.date()}T{last}")
        if datetime.fromisoformat(f"{since.date()}T{last}".replace("Z", "+00:00")).tzinfo is None:
            until = until.replace(tzinfo=since.tzinfo)
    else:
        until = _instant(last)
    if until <= since:
        raise ValueError(f"{text!r} ends before it begins; write {_EXAMPLE}")
    vouched = {"side": side, "from": since, "until": until, "owner": COMMAND_LINE, "reason": "given with --complete"}
    return Complete.model_validate(vouched)


def complete_option(span: SideSpan) -> str:
    """Return the option that vouches for a span of whole minutes."""
    since, until = (datetime.fromtimestamp(at / 1000, timezone.utc) for at in span[1:])
    end = f"{until:%H:%M}" if until.date() == since.date() else f"{until:%Y-%m-%dT%H:%M}"
    return f"--complete {span.side}={since:%Y-%m-%dT%H:%M}..{end}"
