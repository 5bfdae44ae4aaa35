"""The files of one spool's log: one line a message, appended by its owner, read back by the next process.

    <crc32 of what follows>  <seq>  <end>  <stamp>  <skips>  <body>

Tabs separate the fields: JSON text contains neither tabs nor line ends. The operating system has a line when `append`
returns, so a kill loses nothing. A kill or a full disk may tear the last line of a file; `append` never returned for
it. Any other line whose checksum is wrong is damage, and the lines around it are still read. The first line of each
file has the number 0 and names writer and legs, so that a log without its cursors can still be delivered.
"""

from __future__ import annotations

import errno
import glob
import os
from binascii import crc32
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.delivery.spool.owning import let_go, lock_too
from pipelines_client.errors import SpoolBusyError
from pipelines_client.files import DescriptorLostError, OpenFile, open_regular, read_regular
from pipelines_client.signals import is_from_signal, let_through, suppressing

FILE_BYTES = 4 << 20  # a file goes once every leg has passed it; a leg that is behind reads one at a time
_SUFFIX = ".log"
_DAMAGED = ".damaged"


class Piece(NamedTuple):
    """A file of the log, as far as it is written. `size` None means all bytes, `last_seq` None the newest message."""

    path: Path
    size: int | None
    last_seq: int | None


class LogFiles:
    """Files `<spool's name>.<first seq>.log`, oldest first. Not safe for threads: the spool's lock protects it."""

    def __init__(self, spool_path: Path, *, header: bytes = b"") -> None:
        """Find the files of a spool; new ones begin with `header`: a JSON object without its closing brace."""
        self._prefix = spool_path.with_suffix("")
        self._header = header
        self._files = sorted(_files_of(spool_path), key=_first_seq)
        self._firsts = [_first_seq(path) for path in self._files]
        self._file: OpenFile | None = None
        self._size = 0
        self._is_torn = False
        self._damaged: set[str] = set()

    def newest(self, *, is_reading: bool = False) -> tuple[int, int]:
        """Return `seq` and `end` of the last message; a damaged line counts as one of unknown size.

        A torn last line is cut off, unless `is_reading`.
        """
        for first, path in zip(reversed(self._firsts), reversed(self._files), strict=True):
            data = read_regular(path)
            *lines, torn = data.split(b"\n")
            if torn and not is_reading and not _is_damaged_end(torn):
                os.truncate(path, len(data) - len(torn))  # else the next line would be glued to it
            entries = list(map(_parsed, lines))
            known = ((entry.seq, index) for index, entry in enumerate(entries) if entry is not None and entry.seq)
            _, index = max(known, default=(0, -1))
            last = entries[index] if index >= 0 else None
            damaged = _count_damaged(lines[index + 1 :], entries[index + 1 :]) + _is_damaged_end(torn)
            if damaged:
                self._damaged.add(path.name)
            seq = damaged + (first - 1 if last is None else last.seq)
            if last is not None:
                return seq, last.end
            if damaged:
                return seq, 0
        return (self._firsts[-1] - 1 if self._firsts else 0), 0

    def oldest(self) -> tuple[int, int]:
        """Return the `seq` before the first message that can be read, and the bytes of all bodies up to there."""
        for path in self._files:
            for entry in self.read(Piece(path, None, None)):
                return entry.seq - 1, entry.end - len(entry.body)
        return 0, 0

    def header(self) -> dict[str, Any] | None:
        """Return the header of the files; None if none can be read."""
        for path in self._files:
            with open_regular(path) as file:
                entry = _parsed(file.readline().rstrip(b"\n"))
            if entry is not None and entry.seq == 0:
                return entry.stamped()
        return None

    def seize(self) -> None:
        """Lock the newest file, as its owner does.

        Raises:
            SpoolBusyError: A living process has it locked.
            OSError: It cannot be opened.
        """
        if not self._files:
            return
        file = OpenFile(self._files[-1], os.O_WRONLY | os.O_APPEND)
        if not lock_too(file):
            file.close()
            raise SpoolBusyError("the spool's log belongs to a living process")
        self._file, self._size, self._is_torn = file, FILE_BYTES, True  # a message begins a new file

    def append(self, entry: Entry) -> None:
        """Write a line and hand it to the operating system.

        Raises:
            DescriptorLostError: The application has closed our descriptor; nothing was written.
            OSError: It could not be written, and is not there.
        """
        if self._file is None or self._size >= FILE_BYTES:
            self._begin_file(entry.seq)
        self._write(_line(entry))

    def _write(self, line: bytes) -> None:
        file = self._file
        assert file is not None  # noqa: S101 - a file has begun
        descriptor = file.descriptor
        left = line
        try:  # where it stands tells it from another file at a quarter of the cost of asking whose it is
            is_known = not self._is_torn and os.lseek(descriptor, 0, os.SEEK_CUR) == self._size
        except OSError as error:
            let_through(error)
            is_known = False
        if not is_known:
            if not file.is_ours:
                raise DescriptorLostError(errno.EBADF, "the log's descriptor was closed")
            if self._is_torn:  # a full disk or a signal's handler cut off the last write
                self._size = file.size
                left = b"\n" + line
        size = len(left)
        self._is_torn = True
        try:
            while left:
                left = left[os.write(descriptor, left) :]
        except OSError as error:
            if is_from_signal(error):
                raise
            with suppressing(OSError):  # then the next line begins with a line end
                os.ftruncate(descriptor, self._size)
                self._is_torn = False
            raise
        self._size += size
        self._is_torn = False

    def _begin_file(self, seq: int) -> None:
        path = Path(f"{self._prefix}.{seq}{_SUFFIX}")
        file = OpenFile(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        lock_too(file)
        self.close()
        self._file, self._size = file, file.size
        self._is_torn = self._size > 0  # an earlier writer's last line may be torn
        if path not in self._files:
            self._files.append(path)
            self._firsts.append(seq)
        if not self._size:
            self._write(_line(Entry(0, 0, self._header, b"", {})))

    @property
    def is_in_place(self) -> bool:
        """Whether the file that is appended to is still there, and its descriptor still ours."""
        return self._file is None or (self._file.is_ours and self._file.is_at(self._files[-1]))

    def renew(self, spool_path: Path, entries: Sequence[Entry]) -> None:
        """Go on after files were removed or descriptors closed: find what is there, and write again what is not.

        Args:
            spool_path: Where the spool is now.
            entries: What memory holds of the log, without a gap up to its end.

        Raises:
            OSError: It could not be written.
        """
        self.close()
        self._prefix = spool_path.with_suffix("")
        self._files = sorted(_files_of(spool_path), key=_first_seq)
        self._firsts = [_first_seq(path) for path in self._files]
        known, _ = self.newest()
        for entry in entries:
            if entry.seq > known:
                self.append(entry)

    def locate(self, seq: int) -> Piece | None:
        """Return the written part of the file that holds `seq`; None if there are no files."""
        if not self._files:
            return None
        index = max(0, bisect_right(self._firsts, seq) - 1)
        if index + 1 < len(self._firsts):
            return Piece(self._files[index], None, self._firsts[index + 1] - 1)
        size = None
        if self._file is not None and not self._is_torn:
            size = self._size
        return Piece(self._files[index], size, None)

    def read(self, piece: Piece) -> list[Entry]:
        """Return what can be read of a piece; the only method that needs no lock.

        Raises:
            FileNotFoundError: It is not there.
            OSError: It cannot be read.
        """
        with piece.path.open("rb") as file:
            data = file.read() if piece.size is None else file.read(piece.size)
        *lines, torn = data.split(b"\n")
        entries = list(map(_parsed, lines))
        if _is_damaged_end(torn) or _count_damaged(lines, entries):
            self._damaged.add(piece.path.name)
        return [entry for entry in entries if entry is not None and entry.seq]

    def after(self, seq: int) -> Iterator[Entry]:
        """Yield what can be read after `seq`, of a log that another process may write to, or trim.

        Raises:
            OSError: It cannot be read.
        """
        for index, path in enumerate(self._files):
            if index + 1 < len(self._firsts) and self._firsts[index + 1] <= seq + 1:
                continue
            with suppressing(FileNotFoundError):  # every leg has passed it
                yield from (entry for entry in self.read(Piece(path, None, None)) if entry.seq > seq)

    def trim(self, passed: int) -> None:
        """Remove the files that hold nothing after `passed`; a damaged one is kept under another name."""
        while len(self._firsts) > 1 and self._firsts[1] <= passed + 1:
            self._remove(self._files.pop(0))
            del self._firsts[0]

    def remove(self) -> None:
        """Remove all files; damaged ones are kept under another name."""
        self.close()
        while self._files:
            self._remove(self._files.pop())
        self._firsts.clear()

    def _remove(self, path: Path) -> None:
        if path.name in self._damaged and path.exists():
            path.rename(path.with_name(path.name + _DAMAGED))
        else:
            path.unlink(missing_ok=True)

    def set_aside(self) -> None:
        """Keep all files under another name, as evidence."""
        self._damaged.update(path.name for path in self._files)
        self.remove()

    def close(self) -> None:
        """Close the file that is appended to."""
        if self._file is not None:
            let_go(self._file)
            self._file = None


def _files_of(spool_path: Path) -> Iterator[Path]:
    """Yield the log's files of a spool."""
    for path in spool_path.parent.glob(f"{glob.escape(spool_path.stem)}.*{_SUFFIX}"):
        if path.name[len(spool_path.stem) + 1 : -len(_SUFFIX)].isdecimal():
            yield path


def spools_of_logs(folder: Path) -> Iterator[Path]:
    """Yield the path of the spool that each file of a log in a folder belongs to."""
    for path in folder.glob(f"*{_SUFFIX}"):
        name, _, seq = path.name[: -len(_SUFFIX)].rpartition(".")
        if seq.isdecimal():
            yield path.with_name(f"{name}.db")


def _first_seq(path: Path) -> int:
    return int(path.name.rsplit(".", 2)[1])


def _line(entry: Entry) -> bytes:
    skips = orjson.dumps(entry.skips) if entry.skips else b""
    line = b"%d\t%d\t%b\t%b\t%b" % (entry.seq, entry.end, entry.stamp, skips, entry.body)
    return b"%08x\t%b\n" % (crc32(line), line)


def _parsed(line: bytes) -> Entry | None:
    """Read a line; None if its checksum is wrong."""
    checksum, _, rest = line.partition(b"\t")
    try:
        if int(checksum, 16) != crc32(rest):
            return None
        seq, end, stamp, skips, body = rest.split(b"\t")
        return Entry(int(seq), int(end), stamp, body, orjson.loads(skips) if skips else {})
    except ValueError:
        return None


def _count_damaged(lines: list[bytes], entries: list[Entry | None]) -> int:
    return sum(entry is None and bool(line) for line, entry in zip(lines, entries, strict=True))


def _is_damaged_end(torn: bytes) -> bool:
    """Say whether the rest after the last line end is damage and not a torn line: a loss of power leaves zeros."""
    return b"\0" in torn
