"""Packs: the facts of some files, each pack in its own folder, kept from one run to the next.

A pack is used again if none of its files has changed; otherwise all its files are read anew, which is why packs are
small. Everything else that facts depend on is in the name of the folder: the version of the normaliser, the reader, and
a keyed hash of the identity key, which itself is never written down. A pack whose tables fail their checksum is not
used. Only a run that is alone removes packs, before it looks for its own or after it is done: each run holds a shared
advisory lock.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from isal import isal_zlib

from pipelines_client.evidence.fact import NORMALISER_VERSION
from pipelines_client.evidence.files.base import Rejected
from pipelines_client.evidence.listing import SourceFile
from pipelines_client.files import lock, open_lock, open_regular, read_regular
from pipelines_client.parity.facts.writer import SCHEMAS
from pipelines_client.state.identity_key import ensure_identity_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipelines_client.evidence.kinds.base import Kind

PLACES_KEPT = 20
"""How many rejected lines are named; all are counted."""

GAPS_KEPT = 3
"""How many places of a file are named where an unknown number of lines is lost."""

ABOUT = "pack.json"
UNUSED_S = 30 * 86_400
_CHUNK_BYTES = 1 << 20
_PLACES = ("rejected", "incomplete", "open_ends", "round_ends")


@dataclass(slots=True)
class Reading:
    """The result of reading some files, besides the facts, which are in Parquet.

    `unreadable` counts payloads that are text and not JSON where JSON belongs. `columns` are the names of a table's
    columns, and `found` those of its column map that some row had. `closed` files of rows end with a line end; the last
    row of those in `open_ends` has none, and does not show whether it is whole. Those in `round_ends` have as many rows
    as a tool may have cut the result of a query to.
    """

    rows: int = 0
    rejected_lines: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    incomplete: list[Rejected] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unreadable: int = 0
    columns: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    closed: int = 0
    open_ends: list[Rejected] = field(default_factory=list)
    round_ends: list[Rejected] = field(default_factory=list)

    def reject(self, file: str, line: int, reason: str, *, incomplete: bool = False) -> None:
        """Note a line that could not be read; `incomplete` says that an unknown number of lines went with it."""
        place = Rejected(file, line, reason)
        self.rejected_lines += 1
        if len(self.rejected) < PLACES_KEPT:
            self.rejected.append(place)
        if incomplete:
            self.lose(place)

    def lose(self, place: Rejected) -> None:
        """Note a place where an unknown number of lines is lost."""
        if [gap.file for gap in self.incomplete[-GAPS_KEPT:]] != [place.file] * GAPS_KEPT:
            self.incomplete.append(place)

    def add(self, other: Reading) -> None:
        """Add the reading of other files."""
        self.rows += other.rows
        self.rejected_lines += other.rejected_lines
        self.rejected += other.rejected
        self.incomplete += other.incomplete
        self.notes += other.notes
        self.unreadable += other.unreadable
        self.columns = self.columns or other.columns
        self.found += [column for column in other.found if column not in self.found]
        self.closed += other.closed
        self.open_ends += other.open_ends
        self.round_ends += other.round_ends


@dataclass(frozen=True, slots=True)
class Pack:
    """A folder of tables, the files that were read for it, and the result of reading them."""

    folder: Path
    files: tuple[SourceFile, ...]
    reading: Reading


class Store:
    """A directory of packs, created for this user only. While it is open, no other run removes a pack from it.

    Raises:
        OSError: It cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._useless: list[Path] = []
        self._begun: set[Path] = set()
        self._lock = open_lock(folder / ".lock")
        if self._is_alone():
            old = time.time() - UNUSED_S
            forgotten = [about.parent for about in folder.glob(f"*/*/{ABOUT}") if about.stat().st_mtime < old]
            _remove([*folder.glob("*/.*"), *forgotten])
        lock(self._lock, is_shared=True, wait=True)

    def close(self) -> None:
        """Release the lock; remove the packs that are no longer useful, if no other run may be reading them."""
        _remove([*self._begun])
        if self._useless and self._is_alone():
            _remove(self._useless)
        os.close(self._lock)

    def identity_key(self) -> bytes:
        """Return the store's key of the identity hash, for runs without the key of a ledger."""
        return ensure_identity_key(self._folder)

    def find(self, kind: Kind, files: tuple[SourceFile, ...]) -> tuple[list[Pack], list[SourceFile]]:
        """Return the packs of these files, and the files without a pack. A pack with a changed file is not used."""
        left = {file.location: file for file in files}
        packs = []
        for pack, sums in _packs(self._folder / shelf_name(kind)):
            if not pack.files or not any(file.location in left for file in pack.files):
                continue
            is_stale = any(left.get(file.location, file) != file for file in pack.files)
            if is_stale or _sums(pack.folder) != sums:
                self._useless.append(pack.folder)
            elif all(file.location in left for file in pack.files):
                packs.append(pack)
                with suppress(OSError):  # a read-only cache works too
                    (pack.folder / ABOUT).touch()
                for file in pack.files:
                    del left[file.location]
        return packs, list(left.values())

    def begin(self, kind: Kind) -> Path:
        """Return an empty folder for the tables of a new pack."""
        shelf = self._folder / shelf_name(kind)
        shelf.mkdir(mode=0o700, exist_ok=True)
        folder = shelf / f".{os.getpid()}-{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700)
        self._begun.add(folder)
        return folder

    def keep(self, folder: Path, files: tuple[SourceFile, ...], reading: Reading, *, is_final: bool = True) -> Pack:
        """Finish a pack that `begin` made. Other runs can find it if it is final and has files."""
        if not is_final or not files:
            return Pack(folder, files, reading)
        kept = {"files": [asdict(file) for file in files], "sums": _sums(folder), "reading": asdict(reading)}
        (folder / ABOUT).write_text(json.dumps(kept), "ascii")  # a file's name may hold bytes that are not text
        for path in folder.iterdir():
            path.chmod(0o600)
        self._begun.discard(folder)
        return Pack(folder.rename(folder.with_name(folder.name[1:])), files, reading)

    def _is_alone(self) -> bool:
        """Return whether no other run uses the packs; if so, keep others out until the lock is shared or released."""
        return lock(self._lock)


def _remove(folders: list[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _packs(folder: Path) -> Iterator[tuple[Pack, dict[str, int]]]:
    for about in sorted(folder.glob(f"[!.]*/{ABOUT}")):
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):  # a damaged pack is read anew
            kept = json.loads(read_regular(about).decode("ascii"))
            files = tuple(SourceFile(**file) for file in kept["files"])
            yield Pack(about.parent, files, reading_from(kept["reading"])), kept["sums"]


def _sums(folder: Path) -> dict[str, int]:
    """Return a checksum of each table of a pack, which finds any changed bit and is quicker than reading the table."""
    sums = {}
    for name in SCHEMAS:
        value = 0
        with suppress(OSError), open_regular(folder / f"{name}.parquet") as raw:
            while chunk := raw.read(_CHUNK_BYTES):
                value = isal_zlib.crc32(chunk, value)
        sums[name] = value
    return sums


def reading_from(kept: dict[str, object]) -> Reading:
    """Return a reading from its JSON form.

    Raises:
        TypeError: It is not one.
    """
    places = {name: [Rejected(**place) for place in kept.pop(name)] for name in _PLACES}  # type: ignore[attr-defined]
    return Reading(**kept, **places)  # type: ignore[arg-type]


def shelf_name(kind: Kind) -> str:
    """Return the name of the folder of a kind's packs: everything that their facts depend on besides the files."""
    text = f"{NORMALISER_VERSION} {kind.name} {kind.source} {kind.options} {dict(kind.cures) or ''}"
    return f"{kind.name}-{blake2b(text.encode(), key=kind.identity_key, digest_size=16).hexdigest()}"
