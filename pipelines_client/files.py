"""Write files so that a reader, a kill or a full disk never meets half of one; lock them between processes.

Every file that this package replaces, creates once, locks or keeps from others goes through here. Locks are of the open
file: threads that open it twice exclude each other as processes do, and a killed process lets go.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

try:
    import fcntl
except ImportError:  # Windows: not tested there; every lock is granted, which is safe for one process at a time
    fcntl = None  # type: ignore[assignment]

T = TypeVar("T")
_OWNER_ONLY = 0o600


@contextmanager
def replacing(path: Path, *, mode: int = _OWNER_ONLY, sync: bool = False) -> Iterator[BinaryIO]:
    """Yield a file that replaces `path` in one step when the block ends; an exception leaves `path` unchanged.

    Args:
        path: The file to replace or create; its folder exists.
        mode: Permissions of the new file.
        sync: Wait until the content is on the disk, so that a loss of power cannot leave an empty file.

    Raises:
        OSError: The file cannot be written.
    """
    fresh = _name_beside(path)
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "wb") as file:
            yield file
            if sync:
                file.flush()
                os.fsync(file.fileno())
        if mode != _OWNER_ONLY:
            fresh.chmod(mode)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def replace_file(path: Path, content: bytes, *, mode: int = _OWNER_ONLY, sync: bool = False) -> None:
    """Replace a file with `content`; see `replacing`."""
    with replacing(path, mode=mode, sync=sync) as file:
        file.write(content)


def create_file(path: Path, content: bytes) -> bool:
    """Create a file, whole and for its owner only; return False if it exists. Safe when many processes try at once.

    Raises:
        OSError: The file cannot be written.
    """
    fresh = _name_beside(path)
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "wb") as file:
            file.write(content)
        os.link(fresh, path)
    except FileExistsError:
        return False
    finally:
        fresh.unlink(missing_ok=True)
    return True


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write that only its owner can read, also if it existed and others could; for personal data.

    What is not a file (a pipe, `/dev/stdout`) is written as it is.

    Raises:
        OSError: The file cannot be written, or it belongs to another user and so cannot be kept from others.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
    with open(descriptor, "wb", buffering=1 << 20) as file:  # noqa: PTH123 - a path would not keep its permissions
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            if hasattr(os, "fchmod"):  # not on Windows
                os.fchmod(descriptor, _OWNER_ONLY)
            os.ftruncate(descriptor, 0)  # after that, so that a file that stays readable keeps its content
        yield file


def open_lock(path: Path) -> int:
    """Return the descriptor of a lock file, created if it is missing; closing it lets go of the lock."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)


def lock(descriptor: int, *, is_shared: bool = False, wait: bool = False) -> bool:
    """Lock an open file; return False if another holds it and the caller does not wait.

    Raises:
        OSError: The file system has no locks.
    """
    if fcntl is None:
        return True
    kind = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
    try:
        fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def locked_log(path: Path) -> Iterator[BinaryIO]:
    """Yield a file of lines, created if it is missing, that no other process appends to meanwhile: see `append_line`.

    Raises:
        OSError: The file cannot be written.
    """
    with path.open("a+b", buffering=0) as file:
        lock(file.fileno(), wait=True)
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


def read_log(path: Path, parse: Callable[[bytes], T]) -> tuple[tuple[T, ...], int]:
    """Return the lines of a log, and how many `parse` refuses with a ValueError: a kill may tear the last one.

    A missing file is an empty log.

    Raises:
        OSError: The file exists and cannot be read.
    """
    try:
        lines = [line for line in path.read_bytes().splitlines() if line.strip()]
    except FileNotFoundError:
        return (), 0
    rows = []
    for line in lines:
        with suppress(ValueError):
            rows.append(parse(line))
    return tuple(rows), len(lines) - len(rows)


def _name_beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
