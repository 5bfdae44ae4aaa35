"""The ledger: what became of each message on each leg, in append-only files. Knows no payload.

One line of JSON per message and leg in `<state_dir>/ledger/<UTC date>/<writer>.jsonl`, written when its fate is final
and before the spool's cursor moves: a crash between the two repeats a record and never loses one, so readers keep the
last one per message and leg. A message that has a record for one leg and none for another is still in a spool there.
"""

from __future__ import annotations

import enum
import gzip
import os
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from pipelines_client.errors import LedgerError

IDENTITY_KEY_FILE = "identity.key"
MAX_SEALED_AT_EXIT_BYTES = 8 << 20
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


def iso_utc(at: datetime) -> str:
    """Spell an aware instant as the ledger does: `2026-11-02T09:30:00.125Z`."""
    return at.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def primary_identity(user_id: str | None, anonymous_id: str | None, group_id: str | None = None) -> str | None:
    """Return the one identity a message is about: its user, else its anonymous id, else its group.

    The kind is kept in front, so that a user called `7` and a group called `7` stay two.
    """
    for kind, value in (("user", user_id), ("anonymous", anonymous_id), ("group", group_id)):
        if value:
            return f"{kind}:{value}"
    return None


def hash_identity(key: bytes, identity: str | None) -> str | None:
    """Return 64 keyed bits over an identity, so that a ledger names nobody and still joins."""
    if identity is None:
        return None
    return blake2b(identity.encode("utf-8", "replace"), key=key, digest_size=8).hexdigest()


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
    """Appends records to the day's file of one writer and seals the days that are over. Safe for threads.

    `directory=None` keeps no ledger: what a client in memory has.
    """

    def __init__(self, directory: Path | None, writer: str) -> None:
        self._directory = directory
        self._writer = writer
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    def append(self, records: Iterable[DeliveryRecord], *, now: datetime) -> None:
        """Write the records and hand them to the operating system.

        Raises:
            OSError: The file cannot be written; nothing of the spool may be settled then.
            LedgerError: After `close`.
        """
        if self._directory is None:
            return
        lines = b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records)
        with self._lock:
            if self._is_closed:
                raise LedgerError("the ledger is closed")
            self._file_of(self._directory, now.astimezone(timezone.utc).date().isoformat()).write(lines)

    def close(self) -> None:
        """Close the open file; seal it (`.jsonl` becomes `.jsonl.gz`) unless that would keep a process from ending."""
        with self._lock:
            self._is_closed = True
            self._close(max_bytes=MAX_SEALED_AT_EXIT_BYTES)

    def hold(self) -> None:
        """Take the lock, so that no other thread is inside while the process forks."""
        self._lock.acquire()

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()

    def _close(self, *, max_bytes: int | None) -> None:
        file, path = self._file, self._path
        self._file = self._path = None
        if file is None or path is None:
            return
        size = file.tell()
        file.close()
        if max_bytes is None or size <= max_bytes:
            seal(path)

    def _file_of(self, directory: Path, day: str) -> BinaryIO:
        if self._path is not None and self._path.parent.name == day and self._file is not None:
            return self._file
        self._close(max_bytes=None)
        folder = directory / day
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = folder / f"{self._writer}.jsonl"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        # Unbuffered: a line is the operating system's when `append` returns, and a forked child inherits no half of it.
        self._file = cast("BinaryIO", os.fdopen(descriptor, "ab", buffering=0))
        if self._file.tell() and not _ends_a_line(self._path):
            self._file.write(b"\n")  # a torn last line of a killed process must not swallow our first one
        return self._file


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
    for path in sorted(directory.rglob("*.jsonl*")):
        if path.name.startswith("."):
            continue
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rb") as file:
            for line in file:
                try:
                    fields = orjson.loads(line)
                    records.append(DeliveryRecord(**{**fields, "outcome": Outcome(fields["outcome"])}))
                except (ValueError, KeyError, TypeError):
                    torn += 1
    return LedgerContents(records, torn)


def seal(path: Path) -> None:
    """Compress a finished ledger file in place; a second seal of the same writer and day appends a gzip member."""
    if not path.exists():
        return
    sealed = path.with_suffix(".jsonl.gz")
    data = gzip.compress(path.read_bytes(), compresslevel=6, mtime=0)
    fresh = sealed.with_name(f".{sealed.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if sealed.exists():
            file.write(sealed.read_bytes())
        file.write(data)
    fresh.replace(sealed)
    path.unlink()


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
