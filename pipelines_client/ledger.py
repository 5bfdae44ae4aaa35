"""The ledger: what became of each message on each leg, in append-only files. Knows no payload.

One line of JSON per message and leg in `<state_dir>/ledger/<UTC date>/<writer>.jsonl`, written when its fate is final
and before the spool's cursor moves: a crash between the two repeats a record and never loses one, so readers keep the
last one per message and leg. A message that has a record for one leg and none for another is still in a spool there.
"""

from __future__ import annotations

import enum
import functools
import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path

from pipelines_client.clock import EPOCH, unix_ms
from pipelines_client.daily import DailyFile, read_lines
from pipelines_client.errors import LedgerError

IDENTITY_KEY_FILE = "identity.key"
_KEY_BYTES, _MIN_KEY_BYTES, _MAX_KEY_BYTES = 32, 16, 64


class Outcome(str, enum.Enum):
    """The final fate of a message on one leg."""

    ACCEPTED = "accepted"  # the API answered 2xx; what that proves is FACTS C3 and S3
    REJECTED = "rejected"  # the API refused it, in its own words
    DROPPED = "dropped"  # given up here: never sent, or no longer kept
    SKIPPED = "skipped"  # not meant for this leg


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """What became of one message on one leg.

    Instants are ISO-8601 UTC text with milliseconds. `identity` is a keyed hash (see `hash_identity`) unless the
    client was told `ledger_identity="plain"`. `payload_hash` is `canonical.payload_hash` of properties or traits.
    """

    message_id: str
    type: str
    event: str | None
    identity: str | None
    occurred_at: str
    appended_at: str
    finished_at: str
    leg: str
    outcome: Outcome
    reason: str | None
    http_status: int | None
    attempts: int
    body_bytes: int
    payload_hash: str
    stage: str
    writer: str


_ENDS = [f".{ms:03d}Z" for ms in range(1000)]
_second: tuple[int, str] = (0, "1970-01-01T00:00:00")
"""The second that was spelled last: the next instant is nearly always in the same one."""


def iso_utc(at: datetime) -> str:
    """Spell an aware instant as the ledger does: `2026-11-02T09:30:00.125Z`."""
    return iso_of_ms(unix_ms(at))


def iso_of_ms(ms: int) -> str:
    """Spell an instant of the years 1 to 9999, in Unix milliseconds, as `iso_utc` does."""
    global _second  # noqa: PLW0603 - replaced whole: threads see the old one or the new one
    whole = ms // 1000
    known, text = _second
    if known != whole:
        text = (EPOCH + timedelta(seconds=whole)).isoformat()[: len("2026-11-02T09:30:00")]
        _second = (whole, text)
    return text + _ENDS[ms % 1000]


def primary_identity(user_id: str | None, anonymous_id: str | None, group_id: str | None = None) -> str | None:
    """Return the one identity a message is about: its user, else its anonymous id, else its group.

    The kind is kept in front, so that a user called `7` and a group called `7` stay two.
    """
    if user_id:
        return f"user:{user_id}"
    if anonymous_id:
        return f"anonymous:{anonymous_id}"
    return f"group:{group_id}" if group_id else None


def hash_identity(key: bytes, identity: str | None) -> str | None:
    """Return 64 keyed bits over an identity, so that a ledger names nobody and still joins."""
    if identity is None:
        return None
    hashed = _keyed(key).copy()  # half of the time that a new one takes
    hashed.update(identity.encode("utf-8", "replace"))
    return hashed.hexdigest()


@functools.lru_cache(maxsize=8)
def _keyed(key: bytes) -> blake2b:
    return blake2b(key=key, digest_size=8)


def read_identity_key(directory: Path) -> bytes | None:
    """Return the identity key of a state directory, or None if it has none.

    Raises:
        LedgerError: The file is there and is not a key.
    """
    path = directory / IDENTITY_KEY_FILE
    try:
        text = path.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    try:
        return parse_identity_key(text)
    except ValueError:
        raise LedgerError(
            f"{path} holds no identity key; restore it, or remove it and lose the join by identity"
        ) from None


def parse_identity_key(text: str) -> bytes:
    """Read an identity key from its text form: 16 to 64 bytes in hexadecimal (`PIPELINES_LEDGER_KEY`).

    Raises:
        ValueError: The text is something else.
    """
    key = bytes.fromhex(text.strip())
    if not _MIN_KEY_BYTES <= len(key) <= _MAX_KEY_BYTES:
        raise ValueError("an identity key is 16 to 64 bytes in hexadecimal")
    return key


def ensure_identity_key(directory: Path) -> bytes:
    """Return the identity key of a state directory; make one if it has none. Safe when many processes start at once."""
    key = read_identity_key(directory)
    if key is not None:
        return key
    # Written whole under another name and then linked: nobody ever reads half a key.
    fresh = directory / f".{IDENTITY_KEY_FILE}.{os.getpid()}.{secrets.token_hex(4)}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(_KEY_BYTES))
    try:
        os.link(fresh, directory / IDENTITY_KEY_FILE)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    key = read_identity_key(directory)
    if key is None:
        raise LedgerError(f"{directory / IDENTITY_KEY_FILE} vanished while it was made")
    return key


class LedgerWriter:
    """Appends records to the day's file of one writer. Safe for threads; `directory=None` keeps no ledger."""

    def __init__(self, directory: Path | None, writer: str) -> None:
        self._file = DailyFile(directory, writer) if directory else None

    def append(self, lines: bytes, *, now: datetime) -> None:
        """Write records, one JSON object a line, and hand them to the operating system.

        Raises:
            OSError: The file cannot be written; nothing of the spool may be settled then.
            LedgerError: After `close`.
        """
        if self._file is not None:
            self._file.append_lines(lines, now=now)

    def close(self) -> None:
        """Close and seal the file."""
        if self._file is not None:
            self._file.close()

    def hold(self) -> None:
        """Take the lock, so that no other thread is inside while the process forks."""
        if self._file is not None:
            self._file.lock.acquire()

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.lock.release()


@dataclass(frozen=True, slots=True)
class LedgerContents:
    """Records in file order, and how many lines could not be read: the torn last line of a killed process."""

    records: list[DeliveryRecord]
    torn_lines: int


def read_ledger(directory: Path) -> LedgerContents:
    """Read every ledger file below a directory into memory; parity streams them instead.

    A record may stand twice; the last one per message and leg counts.
    """
    records: list[DeliveryRecord] = []
    torn = 0
    for fields in read_lines(directory):
        try:
            records.append(DeliveryRecord(**{**fields, "outcome": Outcome(fields["outcome"])}))
        except (ValueError, KeyError, TypeError):
            torn += 1
    return LedgerContents(records, torn)
