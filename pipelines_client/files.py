"""Write files so that a reader, a kill or a full disk never meets half of one; lock them between processes.

Every file that this package replaces, creates once, locks or keeps from others goes through here. Locks are of the open
file: threads that open it twice exclude each other as processes do, and a killed process lets go.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

from pipelines_client.signals import let_through

try:
    import fcntl
except ImportError:  # Windows: not tested there; every lock is granted, which is safe for one process at a time
    fcntl = None  # type: ignore[assignment]

T = TypeVar("T")
GZIP_MAGIC = b"\x1f\x8b"
_OWNER_ONLY = 0o600
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The numbers of errors that mean a full disk."""


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, for their owner only; does nothing if it exists.

    Raises:
        OSError: It cannot be made.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    give_to_owner(folder)


def give_to_owner(path: Path) -> None:
    """Give what root has made in the folder of another user to that user, who could not go on with it otherwise."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        above = path.parent.stat()
        if above.st_uid:
            os.chown(path, above.st_uid, above.st_gid, follow_symlinks=False)


class DescriptorLostError(OSError):
    """The application has closed a descriptor of ours; its number may belong to another file now."""


class OpenFile:
    """An open file or folder that is never confused with another one.

    An application may close all descriptors, as daemonisers do, and a number that was closed may become the
    application's. So before each write or close the file behind the number is compared with the one that was opened.
    """

    def __init__(self, path: Path, flags: int) -> None:
        """Open `path` with flags of `os.open`; a new file is for its owner only.

        Raises:
            OSError: It cannot be opened.
        """
        self.descriptor = os.open(path, flags | os.O_CLOEXEC, _OWNER_ONLY)
        if flags & os.O_CREAT:
            give_to_owner(path)
        status = os.fstat(self.descriptor)
        self._mark = (status.st_dev, status.st_ino)
        self.device, self.inode = self._mark

    @property
    def is_ours(self) -> bool:
        """Whether the descriptor still belongs to what was opened."""
        try:
            status = os.fstat(self.descriptor)
        except OSError as error:
            let_through(error)
            return False
        return (status.st_dev, status.st_ino) == self._mark

    def is_at(self, path: Path) -> bool:
        """Return whether `path` leads to what was opened; False if it leads nowhere."""
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return (status.st_dev, status.st_ino) == self._mark

    @property
    def size(self) -> int:
        """The bytes of the file."""
        return os.fstat(self.descriptor).st_size

    def write(self, data: bytes) -> None:
        """Write all of `data`.

        Raises:
            DescriptorLostError: The descriptor is not ours any more; nothing was written.
            OSError: Not all could be written.
        """
        if not self.is_ours:
            raise DescriptorLostError(errno.EBADF, "a descriptor of ours was closed")
        while data:
            data = data[os.write(self.descriptor, data) :]

    def close(self) -> None:
        """Close it, unless the application did."""
        if self.is_ours:
            with contextlib.suppress(OSError):
                os.close(self.descriptor)


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
        give_to_owner(fresh)
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
        give_to_owner(fresh)
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


def unlock(descriptor: int) -> None:
    """Let go of the lock of an open file."""
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


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
