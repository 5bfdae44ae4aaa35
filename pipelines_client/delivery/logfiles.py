"""The files of one spool's log: one line a message, appended by its owner, read back by whoever comes next.

    <crc32 of what follows>  <seq>  <end>  <facts>  <skips>  <body>

Tabs in between: JSON has neither tabs nor line ends of its own. A line is the operating system's when `append` returns,
so a kill loses nothing. A line that a kill or a full disk has torn is the last of its file and was never promised to
anybody; any other that is not as it was written is damage, and the lines around it are still read.
"""

from __future__ import annotations

import contextlib
import glob
import os
from binascii import crc32
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import orjson

from pipelines_client.delivery.entry import Entry

FILE_BYTES = 4 << 20  # a file goes once every leg has passed it; a leg that is behind reads one at a time
_SUFFIX = ".log"
_DAMAGED = ".damaged"


class Piece(NamedTuple):
    """A file of the log as far as it is written. `size` in bytes is None for all of it, `last_seq` for the newest."""

    path: Path
    size: int | None
    last_seq: int | None


class LogFiles:
    """`<spool's name>.<first seq>.log`, oldest first. Not safe for threads: the spool's lock is."""

    def __init__(self, spool_path: Path) -> None:
        self._prefix = spool_path.with_suffix("")
        self._files = sorted(_files_of(spool_path), key=_first_seq)
        self._firsts = [_first_seq(path) for path in self._files]
        self._descriptor: int | None = None
        self._size = 0
        self._is_torn = False
        self._damaged: set[Path] = set()

    def newest(self) -> tuple[int, int]:
        """Return `seq` and `end` of the last entry that can be read, and cut off what was torn behind it."""
        seq = self._firsts[-1] - 1 if self._firsts else 0  # what came before the newest file was written
        for path in reversed(self._files):
            data = path.read_bytes()
            torn = len(data) - (data.rfind(b"\n") + 1)
            if torn:
                os.truncate(path, len(data) - torn)
            for line in reversed(data.split(b"\n")[:-1]):
                entry = _parsed(line)
                if entry is not None:
                    return max(seq, entry.seq), entry.end
        return seq, 0

    def append(self, entry: Entry) -> None:
        """Write a line and hand it to the operating system.

        Raises:
            OSError: It could not be written, and is not there.
        """
        if self._descriptor is None or self._size >= FILE_BYTES:
            self._begin_file(entry.seq)
        skips = orjson.dumps(entry.skips) if entry.skips else b""
        line = b"%d\t%d\t%b\t%b\t%b" % (entry.seq, entry.end, entry.facts, skips, entry.body)
        self._write(b"%08x\t%b\n" % (crc32(line), line))

    def _write(self, line: bytes) -> None:
        descriptor = self._descriptor
        assert descriptor is not None  # noqa: S101 - a file has begun
        left = b"\n" + line if self._is_torn else line
        size = len(left)
        self._is_torn = True
        try:
            while left:
                left = left[os.write(descriptor, left) :]
        except OSError:
            with contextlib.suppress(OSError):  # then the next line begins on one of its own
                os.ftruncate(descriptor, self._size)
                self._is_torn = False
            self._size = os.fstat(descriptor).st_size
            raise
        self._is_torn = False
        self._size += size

    def _begin_file(self, seq: int) -> None:
        path = Path(f"{self._prefix}.{seq}{_SUFFIX}")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.close()
        self._descriptor, self._size, self._is_torn = descriptor, os.fstat(descriptor).st_size, False
        if path not in self._files:
            self._files.append(path)
            self._firsts.append(seq)

    def locate(self, seq: int) -> Piece | None:
        """Return what is written of the file that `seq` is in; None if there are no files."""
        if not self._files:
            return None
        index = max(0, bisect_right(self._firsts, seq) - 1)
        if index + 1 < len(self._firsts):
            return Piece(self._files[index], None, self._firsts[index + 1] - 1)
        size = self._size if self._descriptor is not None else None
        return Piece(self._files[index], size, None)

    def read(self, piece: Piece) -> list[Entry]:
        """Return what can be read of a piece; the only method that needs no lock.

        Raises:
            OSError: It is there and cannot be read.
        """
        try:
            with piece.path.open("rb") as file:
                data = file.read() if piece.size is None else file.read(piece.size)
        except FileNotFoundError:  # somebody has removed it: what was in it is lost, and is counted
            data = b""
        entries = []
        for line in data.split(b"\n"):
            entry = _parsed(line)
            if entry is not None:
                entries.append(entry)
            elif line:
                self._damaged.add(piece.path)
        return entries

    def trim(self, passed: int) -> None:
        """Remove the files that hold nothing after `passed`; one that is damaged is kept under another name."""
        while len(self._firsts) > 1 and self._firsts[1] <= passed + 1:
            self._remove(self._files.pop(0))
            del self._firsts[0]

    def remove(self) -> None:
        """Remove all files, but for those that are damaged."""
        self.close()
        while self._files:
            self._remove(self._files.pop())
        self._firsts.clear()

    def _remove(self, path: Path) -> None:
        if path in self._damaged and path.exists():
            path.rename(path.with_name(path.name + _DAMAGED))
        else:
            path.unlink(missing_ok=True)

    def set_aside(self) -> None:
        """Keep all files under another name, as evidence."""
        self._damaged.update(self._files)
        self.remove()

    def close(self) -> None:
        """Close the file that is appended to. A forked child may: it holds no lock, and nothing is buffered."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _files_of(spool_path: Path) -> Iterator[Path]:
    """Yield the log's files of a spool."""
    for path in spool_path.parent.glob(f"{glob.escape(spool_path.stem)}.*{_SUFFIX}"):
        if path.name[len(spool_path.stem) + 1 : -len(_SUFFIX)].isdigit():
            yield path


def _first_seq(path: Path) -> int:
    return int(path.name.rsplit(".", 2)[1])


def _parsed(line: bytes) -> Entry | None:
    """Read a line; None if it is not as it was written."""
    checksum, _, rest = line.partition(b"\t")
    try:
        if int(checksum, 16) != crc32(rest):
            return None
        seq, end, facts, skips, body = rest.split(b"\t")
        return Entry(int(seq), int(end), facts, body, orjson.loads(skips) if skips else {})
    except ValueError:
        return None
