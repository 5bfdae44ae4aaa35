"""The values of the sandbox: limits, calls, requests, answers and planted faults. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

import orjson

from pipelines_client.evidence.nesting import is_deeper

if TYPE_CHECKING:
    from collections.abc import Mapping

Body = dict[str, Any]
CallType = Literal["identify", "track", "page", "screen", "group", "alias"]
Failure = Literal["reset", "timeout"]

JSON = {"content-type": "application/json"}
CALL_TYPES: tuple[CallType, ...] = ("identify", "track", "page", "screen", "group", "alias")

_MOST_LEVELS = 251
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s*(Z|z|[+-]\d\d:?\d\d)?$",
)


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """The largest request that an API accepts; sizes are of JSON in UTF-8 without compression.

    The vendors do not document whether a KB is 1000 or 1024 bytes (FACTS C6). The limit of a call is the one that the
    vendors' own clients enforce; the limit of a body is the smaller reading.
    """

    call_bytes: int = 32 * 1024
    body_bytes: int = 500_000
    items: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One message that an API accepted.

    Attributes:
        message_id: Its id; made by the sandbox if the message had none.
        message: The message as received.
        stored: What the exports contain, after merging the batch's context and integrations and after planted faults:
            one entry, or two for a message that is planted twice.
        received_at: The time of its request, in UTC.
        sent_at: `sentAt` of the message or of its batch, as sent.
        sync: The number of its sync (`Sandbox.sync`).
    """

    message_id: str
    message: Body
    stored: tuple[Body, ...]
    received_at: datetime
    sent_at: str | None
    sync: int


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request, without its messages and without its key.

    Attributes:
        path: Path on the server, with the API's prefix.
        status: The status of the answer; None if the connection was reset or left hanging.
        items: The number of messages; 0 if the body could not be read.
        body_bytes: The size of the body as received.
        headers: With lower-case names; `authorization` holds only the scheme and `matched` or `not matched`.
        auth_scheme: `basic`, `bearer`, `body`, or None without a key.
        is_key_right: Whether the key is valid for this API.
        received_at: The time of the request, in UTC.
        top: The body's top-level keys without `batch`; a `writeKey` is only `matched` or `not matched`.
    """

    path: str
    status: int | None
    items: int
    body_bytes: int
    headers: Mapping[str, str]
    auth_scheme: str | None
    is_key_right: bool
    received_at: datetime
    top: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to give instead of the API's own.

    Attributes:
        status: An HTTP status, `reset` to cut the connection, or `timeout` to never answer.
        body: A JSON value, or text or bytes to send unchanged; None for the API's usual body.
        headers: Added to the answer.
        accept: Whether the messages are kept; None: on a 2xx only.
    """

    status: int | Failure
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    accept: bool | None = None

    @property
    def is_success(self) -> bool:
        """Whether the answer is a success."""
        return isinstance(self.status, int) and 200 <= self.status <= 299  # noqa: PLR2004 - the range is the meaning

    @property
    def is_kept(self) -> bool:
        """Whether the API processes the request as usual."""
        return self.is_success if self.accept is None else self.accept


@dataclass(frozen=True, slots=True)
class Reply:
    """The server's reaction to a request: an answer after a delay, or a failure."""

    status: int | Failure
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


def not_found(path: str) -> Reply:
    """Return the answer for a path that is not served, or not by this method."""
    told = f"{path} is not found; POST messages to /v1/batch on the port of an API, or to /segment/v1/batch"
    return Reply(404, orjson.dumps({"error": told}), JSON)


@dataclass(frozen=True, slots=True)
class Planted:
    """One fault on what an API stored.

    Attributes:
        api: Name of the API.
        kind: `swallowed`, `doubled`, `changed`, `renamed`, `identity` or `missing_file`.
        message_id: The id of the message; None for a file.
        detail: What identifies it, such as the path and kind of a change.
    """

    api: str
    kind: str
    message_id: str | None
    detail: Mapping[str, Any]


def parse_instant(value: Any) -> datetime | None:
    """Read ISO-8601 text as an instant in UTC; None for anything else. Text without a zone counts as UTC.

    An instant before the year 1 or after 9999 in UTC is None too, so `iso_ms` can write every instant.
    """
    match = _INSTANT.match(value) if isinstance(value, str) else None
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    zone = "+00:00" if zone in {None, "Z", "z"} else zone
    zone = zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{zone}").astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def iso_ms(at: datetime) -> str:
    """Format an instant in UTC as both vendors do: `2026-11-02T09:30:00.125Z`."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def size_of(value: Any) -> int | None:
    """Return the bytes of a value as JSON; None if the exports cannot hold it.

    The parser reads 1,024 levels of nesting, the writer 254, and readers of exports 250 of a payload. So each message
    is written once before it is accepted.
    """
    try:
        written = orjson.dumps(value)
    except TypeError:
        return None
    return None if is_deeper(written, _MOST_LEVELS) else len(written)
