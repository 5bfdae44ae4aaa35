"""The plain values of the sandbox: what came, what was answered, what was kept, what was planted. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Body = dict[str, Any]
CallType = Literal["identify", "track", "page", "screen", "group", "alias"]
Failure = Literal["reset", "timeout"]

CALL_TYPES: tuple[CallType, ...] = ("identify", "track", "page", "screen", "group", "alias")

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s*(Z|z|[+-]\d\d:?\d\d)?$",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one API takes; sizes are of plain JSON in UTF-8, before any compression.

    Whether a documented KB is 1000 or 1024 bytes nobody says (FACTS C6). A call may have what the vendors' own clients
    let through, a body the smaller reading.
    """

    call_bytes: int = 32 * 1024
    body_bytes: int = 500_000
    items: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One message that an API truly accepted.

    Attributes:
        message_id: Its id; one made here if it came without.
        message: The message as it was received.
        stored: What the exports say: after merging the batch's context and integrations and after planted faults.
            One entry, or two for a message that is planted twice.
        received_at: When its request came.
        sent_at: `sentAt` of its batch or of itself, as sent.
        sync: Number of the sync that it belongs to (`Sandbox.sync`).
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
        status: Status answered; None if the connection was reset or left hanging.
        items: How many messages it carried; 0 if the body could not be read.
        body_bytes: Size of the body as it came over the wire.
        headers: Lower-cased; `authorization` is only the scheme and `matched` or `not matched`.
        auth_scheme: `basic`, `bearer`, `body`, or None if no key came.
        is_key_right: Whether the key is one of this API.
        received_at: When it came.
        top: The body's top-level keys but `batch`; a `writeKey` is only `matched` or `not matched`.
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
    """What to answer instead of what the API would say.

    Attributes:
        status: An HTTP status, `reset` to cut the connection, or `timeout` to never answer.
        body: A JSON value, or text or bytes as they are; None for the API's usual words.
        headers: Added to the answer.
        accept: Whether the messages are kept all the same; None: kept on a 2xx, as the status says.
    """

    status: int | Failure
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    accept: bool | None = None

    @property
    def is_success(self) -> bool:
        """Whether the caller is told that all is well."""
        return isinstance(self.status, int) and 200 <= self.status <= 299  # noqa: PLR2004 - the range is the meaning

    @property
    def is_kept(self) -> bool:
        """Whether the API works on the request as if nothing had been planned."""
        return self.is_success if self.accept is None else self.accept


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server does with a request: answer after a delay, or fail."""

    status: int | Failure
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Planted:
    """One fault on what an API stored.

    Attributes:
        api: Name of the API.
        kind: `swallowed`, `doubled`, `changed`, `renamed`, `identity` or `missing_file`.
        message_id: The message; None for a file.
        detail: What a reader needs to recognise it, such as path and kind of a change.
    """

    api: str
    kind: str
    message_id: str | None
    detail: Mapping[str, Any]


def parse_instant(value: Any) -> datetime | None:
    """Read ISO-8601 text as an aware instant; None for anything else. Text without a zone counts as UTC."""
    match = _INSTANT.match(value) if isinstance(value, str) else None
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    zone = "+00:00" if zone in {None, "Z", "z"} else zone
    zone = zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{zone}")
    except ValueError:
        return None


def iso_ms(at: datetime) -> str:
    """Spell an aware instant as both vendors do: `2026-11-02T09:30:00.125Z`."""
    return at.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
