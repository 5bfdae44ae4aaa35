"""The files of one spool on disk: its lock, its cursors and its log. Opened, kept and removed together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from pipelines_client.delivery.spool.cursors import Cursor, Cursors, Standing, read_standing
from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.delivery.spool.logfiles import LogFiles, Piece
from pipelines_client.delivery.spool.owning import LOCK_SUFFIX, let_go, own, watch
from pipelines_client.errors import SpoolBusyError, SpoolEmptyError, SpoolLostError
from pipelines_client.files import OpenFile

Folder = Callable[[], Path]


@dataclass(slots=True)
class SpoolFiles:
    """The open files of a spool. Not safe for threads: the spool's locks protect them.

    Attributes:
        path: The file of the cursors; the others are beside it.
        cursors: How far each leg has come.
        log: The messages.
        lock_file: Says whose the spool is; None while it is only read, or after `let_go`.
        folder: Returns where the folder is now, and makes it if it was removed; None: where it was.
        is_reading: Whether nothing may be changed.
    """

    path: Path
    cursors: Cursors
    log: LogFiles
    lock_file: OpenFile | None
    folder: Folder | None
    is_reading: bool = False

    @property
    def is_in_place(self) -> bool:
        """Whether all that is open is still there and ours.

        Raises:
            OSError: The disk does not say.
        """
        return self.is_reading or (self._is_owned and self.cursors.is_in_place and self.log.is_in_place)

    @property
    def _is_owned(self) -> bool:
        file = self.lock_file
        return file is not None and file.is_ours and file.is_at(lock_path(self.path))

    def renew(self, entries: Sequence[Entry]) -> None:
        """Find what is there, and write again what was removed.

        Args:
            entries: What memory holds of the messages that wait, without a gap up to the newest.

        Raises:
            SpoolLostError: Another process owns the spool now.
            OSError: They cannot be written.
        """
        if self.folder is not None:
            self.path = self.folder() / self.path.name
        if not self._is_owned:
            self._let_go_of_lock()
            try:
                self.lock_file = own(lock_path(self.path))
            except SpoolBusyError:
                raise SpoolLostError("another process owns the spool now") from None
        self.log.renew(self.path, entries)
        self.cursors.rewrite(self.path)

    def read(self, piece: Piece) -> list[Entry]:
        """Read a file of the log; nothing if it was removed, which is sure only while its folder holds our lock file.

        Raises:
            OSError: It cannot be read, or is merely not found.
        """
        try:
            return self.log.read(piece)
        except FileNotFoundError:
            is_sure = self.is_reading or (piece.path.parent == self.path.parent and self._is_owned)
            if not is_sure or piece.path.exists():
                raise
            return []

    def let_go(self) -> None:
        """Close all."""
        self.cursors.close()
        self.log.close()
        self._let_go_of_lock()

    def _let_go_of_lock(self) -> None:
        if self.lock_file is not None:
            let_go(self.lock_file)
            self.lock_file = None

    def remove(self) -> None:
        """Remove all and close. The log goes first: a kill in between leaves no message to send again."""
        self.log.remove()
        self.cursors.close()
        self.cursors.remove()
        lock_path(self.path).unlink(missing_ok=True)
        self._let_go_of_lock()


def open_files(
    path: Path,
    legs: Mapping[str, str],
    writer: str,
    *,
    lock_file: OpenFile | None,
    is_reading: bool,
    folder: Folder | None,
) -> SpoolFiles:
    """Open or create the files of a spool; see `Spool` for arguments and errors."""
    if lock_file is None:
        lock_file = watch(lock_path(path)) if is_reading else own(lock_path(path))
    log: LogFiles | None = None
    try:
        cursors = _cursors_of(path, legs, writer, is_reading=is_reading)
        log = LogFiles(path, header=_header(cursors.standing))
        if not is_reading:
            log.seize()
    except BaseException:
        if lock_file is not None:
            let_go(lock_file)
        raise
    return SpoolFiles(path, cursors, log, lock_file, folder, is_reading)


def lock_path(path: Path) -> Path:
    """Return the lock file of a spool."""
    return path.with_suffix(LOCK_SUFFIX)


def _cursors_of(path: Path, legs: Mapping[str, str], writer: str, *, is_reading: bool) -> Cursors:
    """Return the cursors of a file, or new ones if `legs` are given and there is none."""
    try:
        standing = read_standing(path)
        return Cursors(path, standing if is_reading else standing.inherited())
    except (FileNotFoundError, SpoolEmptyError):
        if not legs:
            raise
    return Cursors.create(path, new_standing(legs, writer))


def new_standing(legs: Mapping[str, str], writer: str) -> Standing:
    """Return the standing of a spool without messages."""
    return Standing(writer, dict(legs), {leg: Cursor() for leg in legs})


def _header(standing: Standing) -> bytes:
    return orjson.dumps({"writer": standing.writer, "legs": standing.legs})[:-1]
