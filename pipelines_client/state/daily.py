"""Append-only files of JSON lines: one for each UTC day and writer, sealed with gzip when the day or the writer ends.

A kill or a full disk may tear a line; the next line is never glued to it. While a file is sealed, it stays complete
under its name until the sealed one replaces it in one step: a reader meanwhile gets each line once.
"""

from __future__ import annotations

import glob
import gzip
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import orjson

from pipelines_client.errors import LedgerError
from pipelines_client.files import GZIP_MAGIC, OpenFile, make_folder, open_regular, replacing
from pipelines_client.signals import let_through, suppressing
from pipelines_client.state.checksum import is_intact

MAX_SEALED_AT_EXIT_BYTES = 8 << 20  # sealing more would keep a process from ending
_MAX_SEALED_AT_ONCE_BYTES = 1 << 20  # sealing more would hold up the next day's first line
_CHUNK_BYTES = 1 << 18


class DailyFile:
    """The file that one writer appends to. Safe for threads."""

    def __init__(self, directory: Path | Callable[[], Path] | None, writer: str) -> None:
        """Open no file yet; `directory` may be a function that says where it is now; None keeps nothing."""
        self._lock = threading.RLock()  # a signal's handler may call while the call that it interrupts holds it
        self._directory = directory
        self._writer = writer
        self._file: OpenFile | None = None
        self._path: Path | None = None
        self._is_closed = False
        self._is_torn = False
        self._sealing: threading.Thread | None = None

    def append_rows(self, rows: Iterable[Any], *, now: datetime) -> None:
        """Write rows (dataclasses or dicts) as lines; see `append`."""
        self.append(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows), now=now)

    def append(self, lines: bytes, *, now: datetime) -> None:
        """Write whole lines and hand them to the operating system.

        Raises:
            OSError: Not all could be written; writing the same lines again repeats some and damages none.
            LedgerError: After `close`.
        """
        with self._lock:
            if self._is_closed:
                raise LedgerError("the file is closed")
            if self._directory is None:
                return
            file = self._file_of(now.astimezone(timezone.utc).date().isoformat())
            lines = b"\n" + lines if self._is_torn else lines
            self._is_torn = True
            file.write(lines)
            self._is_torn = False

    def hold(self) -> None:
        """Take the lock, so that no other thread holds it while the process forks."""
        self._lock.acquire()

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()

    def close(self) -> None:
        """Close the file and seal it, unless it is too large to seal while a process ends."""
        with self._lock:
            self._is_closed = True
            finished = self._close()
            if finished is not None and finished[1] <= MAX_SEALED_AT_EXIT_BYTES:
                _seal_if_possible(finished[0])

    def _close(self) -> tuple[Path, int] | None:
        """Close the file and return its path and size."""
        file, path = self._file, self._path
        self._file = self._path = None
        if file is None or path is None:
            return None
        if not (file.is_ours and file.is_at(path)):
            file.close()
            return None
        size = file.size
        file.close()
        return path, size

    def _seal_apart(self, path: Path, size: int) -> None:
        """Seal a day that is over; a large file in a new thread, so that the next day's lines do not wait."""
        if size <= _MAX_SEALED_AT_ONCE_BYTES:
            _seal_if_possible(path)
            return
        self._sealing = threading.Thread(
            target=_seal_if_possible, args=(path,), name="pipelines-client-seal", daemon=True
        )
        with suppressing(RuntimeError):  # the interpreter ends: the file stays unsealed, which readers accept
            self._sealing.start()

    def _file_of(self, day: str) -> OpenFile:
        if self._path is not None and self._file is not None:
            is_in_place = self._file.is_ours and self._file.is_at(self._path)
            if self._path.parent.name == day and is_in_place:
                return self._file
        finished = self._close()
        if finished is not None:
            self._seal_apart(*finished)
        root = self._directory() if callable(self._directory) else self._directory
        assert root is not None  # noqa: S101 - `append` keeps nothing then
        try:
            return self._open(root / day)
        except PermissionError as error:  # another user was the first to write that day
            let_through(error)
            return self._open(root / f"user-{os.geteuid()}" / day)

    def _open(self, folder: Path) -> OpenFile:
        make_folder(folder)
        path = folder / f"{self._writer}.jsonl"
        if path.exists() and _is_gzip(path):
            path.rename(_free_name(path))  # a kill came between the two last steps of sealing it
        # Unbuffered: a line is the operating system's when `append` returns, and a forked child inherits no half of it.
        self._path, self._file = path, OpenFile(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._is_torn = bool(self._file.size) and not _ends_a_line(path)
        return self._file


def read_lines(
    directory: Path,
    *,
    unreadable: Callable[[Path], object] = lambda _: None,
    torn: Callable[[bytes], object] = lambda _: None,
    begun: Callable[[Path], object] = lambda _: None,
    since: str = "",
    writer: str = "",
) -> Iterator[Any]:
    """Yield every line below a directory, in the order of days and writers; None for one that is torn or made of two.

    Args:
        directory: Where the folders of the days are; or one file.
        unreadable: Called with each file that is cut, damaged or not readable by this user. The lines before that
            place are yielded, then one None, then the next file.
        torn: Called with each line that is torn or made of two.
        begun: Called with each file before its first line.
        since: The first day to read, as ISO-8601; empty: all.
        writer: Read only the files of this writer; empty: all.
    """
    paths = [directory] if directory.is_file() else sorted(directory.rglob(f"{glob.escape(writer)}*.jsonl*"))
    for path in paths:
        is_sealed_since = not path.exists() and path.with_suffix(".jsonl.gz") in paths
        is_other = path.parent.name < since or (writer and path.name.partition(".")[0] != writer)
        if path.name.startswith(".") or is_sealed_since or is_other:
            continue
        begun(path)
        try:
            for line in _lines_of(path):
                if line.strip():
                    parsed = _parsed(line)
                    if parsed is None:
                        torn(line)
                    yield parsed
        except Exception as error:  # noqa: BLE001 - what damage does to the decompressor
            let_through(error)
            unreadable(path)
            yield None


def _lines_of(path: Path) -> Iterator[bytes]:
    if not path.exists():
        path = path.with_suffix(".jsonl.gz")  # sealed since the folder was listed
    # By its content: for a moment a sealed file has the old name.
    with open_regular(path) as raw:
        is_sealed = path.suffix == ".gz" or raw.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC)
        yield from gzip.GzipFile(fileobj=raw) if is_sealed else raw


def _parsed(line: bytes) -> Any:
    try:
        return orjson.loads(line) if is_intact(line) is not False else None
    except orjson.JSONDecodeError:
        return None


def seal(path: Path) -> None:
    """Compress a finished file in place; a second one of the same writer and day gets a part number.

    A kill at any moment leaves one complete file that is read once.

    Raises:
        OSError: It could not be written; the file is unchanged.
    """
    if not path.exists():
        return
    with (
        replacing(path) as file,
        open_regular(path) as plain,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as sealed,
    ):
        shutil.copyfileobj(plain, sealed, _CHUNK_BYTES)
    path.rename(_free_name(path))


def _seal_if_possible(path: Path) -> None:
    with suppressing(OSError):  # a full disk: unsealed files are read as well
        seal(path)


def _free_name(path: Path) -> Path:
    """Return a name for a sealed file; the names of one writer and day sort in the order of their lines."""
    name, number = path.with_suffix(".jsonl.gz"), 1
    while name.exists():
        number += 1
        name = path.with_name(f"{path.stem}.part-{number:03}.jsonl.gz")
    return name


def _is_gzip(path: Path) -> bool:
    with open_regular(path) as file:
        return file.read(2) == GZIP_MAGIC


def _ends_a_line(path: Path) -> bool:
    with open_regular(path) as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
