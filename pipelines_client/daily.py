"""Append-only files of JSON lines: one for each UTC day and writer, sealed with gzip when the day or the writer ends.

A line may be torn by a kill or a full disk; it is never glued to the next one.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import threading
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from pipelines_client.errors import LedgerError

MAX_SEALED_AT_EXIT_BYTES = 8 << 20  # sealing more would keep a process from ending


class DailyFile:
    """The file that one writer appends to. Safe for threads; whoever forks holds `lock` meanwhile."""

    def __init__(self, directory: Path, writer: str) -> None:
        self.lock = threading.Lock()
        self._directory = directory
        self._writer = writer
        self._file: BinaryIO | None = None
        self._path: Path | None = None
        self._is_closed = False
        self._is_torn = False

    def append(self, rows: Iterable[Any], *, now: datetime) -> None:
        """Write rows (dataclasses or dicts) as lines; see `append_lines`."""
        self.append_lines(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows), now=now)

    def append_lines(self, lines: bytes, *, now: datetime) -> None:
        """Write whole lines and hand them to the operating system.

        Raises:
            OSError: Not all could be written; writing the same again repeats lines and spoils none.
            LedgerError: After `close`.
        """
        with self.lock:
            if self._is_closed:
                raise LedgerError("the file is closed")
            file = self._file_of(now.astimezone(timezone.utc).date().isoformat())
            lines = b"\n" + lines if self._is_torn else lines
            self._is_torn = True
            while lines:
                lines = lines[file.write(lines) :]
            self._is_torn = False

    def close(self) -> None:
        """Close the file and seal it, unless it is so large that a process could not end for it."""
        with self.lock:
            self._is_closed = True
            self._close(max_bytes=MAX_SEALED_AT_EXIT_BYTES)

    def _close(self, *, max_bytes: int | None) -> None:
        file, path = self._file, self._path
        self._file = self._path = None
        if file is None or path is None:
            return
        size = file.tell()
        file.close()
        if max_bytes is None or size <= max_bytes:
            with contextlib.suppress(OSError):  # a full disk: what is not sealed is read as well
                seal(path)

    def _file_of(self, day: str) -> BinaryIO:
        if self._path is not None and self._path.parent.name == day and self._file is not None:
            return self._file
        self._close(max_bytes=None)
        folder = self._directory / day
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{self._writer}.jsonl"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        # Unbuffered: a line is the operating system's when `append` returns, and a forked child inherits no half of it.
        self._path, self._file = path, cast("BinaryIO", os.fdopen(descriptor, "ab", buffering=0))
        self._is_torn = bool(self._file.tell()) and not _ends_a_line(path)
        return self._file


def read_lines(directory: Path) -> Iterator[Any]:
    """Yield every line below a directory, in the order of days and writers; None for one that is torn."""
    for path in sorted(directory.rglob("*.jsonl*")):
        if path.name.startswith("."):
            continue
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rb") as file:
            for line in file:
                if not line.strip():
                    continue
                try:
                    yield orjson.loads(line)
                except orjson.JSONDecodeError:
                    yield None


def seal(path: Path) -> None:
    """Compress a finished ledger file in place; a second seal of the same writer and day appends a gzip member.

    Raises:
        OSError: It could not be written; the file is as it was.
    """
    if not path.exists():
        return
    sealed = path.with_suffix(".jsonl.gz")
    data = gzip.compress(path.read_bytes(), compresslevel=6, mtime=0)
    fresh = sealed.with_name(f".{sealed.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if sealed.exists():
                file.write(sealed.read_bytes())
            file.write(data)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    fresh.replace(sealed)
    path.unlink()


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
