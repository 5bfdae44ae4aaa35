"""Files of lines to which processes append in turn: the journal of the stages, the history of the reports."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

from pipelines_client.files import give_to_owner, lock_in_time, make_alike, read_regular, refuse_other_kinds
from pipelines_client.signals import suppressing

_T = TypeVar("_T")
_FOR_ALL = 0o644  # under any mask of the user


@contextmanager
def locked_log(path: Path, *, like: Path | None = None) -> Iterator[BinaryIO]:
    """Yield a file of lines, created if it is missing, that no other process appends to meanwhile: see `append_line`.

    Args:
        path: The file. One that root creates belongs to the owner of its folder.
        like: A file whose owner, group and permissions a new one gets instead, as far as this user may give them; if
            it is not there yet, the new one is for all to read.

    Raises:
        TimeoutError, OSError: It is locked for long, is not a file, or cannot be written.
    """
    is_new = not path.exists()
    if not is_new:
        refuse_other_kinds(path, path.stat())
    with path.open("a+b", buffering=0) as file:
        if is_new and like is not None and like.is_file():
            with suppressing(PermissionError):
                make_alike(path, like)
                path.chmod(stat.S_IMODE(like.stat().st_mode) & 0o666)
        elif not os.fstat(file.fileno()).st_size:
            give_to_owner(path)
            if is_new and like is not None:
                path.chmod(_FOR_ALL)
        lock_in_time(file.fileno(), path)
        yield file


def append_line(file: BinaryIO, line: bytes) -> None:
    """Append a line to a locked log and wait until it is on the disk; a torn last line stays a line by itself.

    Raises:
        OSError: The line cannot be written.
    """
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        line = line if file.read(1) == b"\n" else b"\n" + line
    file.write(line + b"\n")
    os.fsync(file.fileno())


def read_log(path: Path, parse: Callable[[bytes], _T]) -> tuple[tuple[_T, ...], int]:
    """Return the lines of a log, and how many `parse` refuses with a ValueError: a kill may tear the last one.

    A missing file is an empty log.

    Raises:
        OSError: The file exists and cannot be read.
    """
    try:
        lines = [line for line in read_regular(path).splitlines() if line.strip()]
    except FileNotFoundError:
        return (), 0
    rows = []
    for line in lines:
        with suppressing(ValueError):
            rows.append(parse(line))
    return tuple(rows), len(lines) - len(rows)
