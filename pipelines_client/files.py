"""Write files so that a reader, a kill or a full disk never meets half of one; lock them between processes.

Every file that this package replaces, creates once, locks or keeps from others goes through here. Locks are of the open
file: threads that open it twice exclude each other as processes do, and a killed process lets go.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from pipelines_client.clock import monotonic_after, monotonic_s, pause
from pipelines_client.signals import let_through, suppressing

try:
    import fcntl
except ImportError:  # Windows: not tested there; every lock is granted, which is safe for one process at a time
    fcntl = None  # type: ignore[assignment]

GZIP_MAGIC = b"\x1f\x8b"
_KINDS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
_OPENED_BY_A_SHELL = re.compile(r"/dev/(stdin|fd/\d+)|/proc/self/fd/\d+")  # its writer is there: it ends
_OF_THE_SYSTEM = (("dev",), ("proc",))
_OWNER_ONLY, _USUAL = 0o600, 0o666
_LOCK_WAIT_S, _LOOK_EVERY_S = 10.0, 0.02
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
            with suppressing(OSError):
                os.close(self.descriptor)


@contextmanager
def replacing(
    path: Path,
    *,
    mode: int = _OWNER_ONLY,
    sync: bool = False,
    like: Path | None = None,
    noting: Callable[[], object] = lambda: None,
) -> Iterator[BinaryIO]:
    """Yield a file that replaces `path` in one step when the block ends; an exception leaves `path` unchanged.

    Args:
        path: The file to replace or create; its folder exists.
        mode: Permissions of the new file.
        sync: Wait until the content is on the disk, so that a loss of power cannot leave an empty file.
        like: A file whose owner the new one gets; None: that of the folder if root writes, else the user's own.
        noting: Called when only the last step is left, so that what it writes down is not of a change that failed.

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
        if like is None:
            give_to_owner(fresh)
        else:
            make_alike(fresh, like)
        if mode != _OWNER_ONLY:
            fresh.chmod(mode)
        noting()
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def replace_file(path: Path, content: bytes, *, mode: int = _OWNER_ONLY, sync: bool = False) -> None:
    """Replace a file with `content`; see `replacing`."""
    with replacing(path, mode=mode, sync=sync) as file:
        file.write(content)


def replace_alike(path: Path, content: bytes, *, noting: Callable[[], object] = lambda: None) -> None:
    """Replace a file with `content` and wait until it is on the disk; owner, group and permissions stay as they were.

    So a process that could read the file can read the new one, if root writes it too. `noting`: see `replacing`.

    Raises:
        PermissionError: Its owner or group cannot be kept, and not every user may read it; it is unchanged.
        OSError: It cannot be written; it is unchanged.
    """
    old = path.stat()
    with replacing(path, mode=stat.S_IMODE(old.st_mode), sync=True, like=path, noting=noting) as file:
        file.write(content)


def replace_given(path: Path, content: bytes) -> None:
    """Write a file that a person names as an option, in one step: a failure leaves the old one, and no half of a new.

    A file keeps its owner and permissions, a link goes on leading where it did. What is not a file (a pipe,
    `/dev/stdout`), and a file in a folder where none can be made, is written as it is.

    Raises:
        OSError: It cannot be written.
    """
    path = path.absolute()
    is_special = path.parts[1:2] in _OF_THE_SYSTEM or (path.exists() and not path.is_file())
    place = path if is_special else path.resolve()
    if is_special or not os.access(place.parent, os.W_OK):
        path.write_bytes(content)
    elif place.exists():
        replace_alike(place, content)
    else:
        mask = os.umask(0o077)
        os.umask(mask)
        replace_file(place, content, mode=_USUAL & ~mask, sync=True)


def make_alike(fresh: Path, path: Path) -> None:
    """Give a new file the owner, group and extended attributes of another one.

    Raises:
        PermissionError: See `replace_alike`.
    """
    old, new = path.stat(), fresh.stat()
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        for owner, group in ((old.st_uid, old.st_gid), (-1, old.st_gid)):  # a user may give only the group away
            with suppressing(PermissionError):
                os.chown(fresh, owner, group)
                break
        new = fresh.stat()
        if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid) and not old.st_mode & stat.S_IROTH:
            raise PermissionError(
                errno.EPERM, "its owner could not read it any more; run this as its owner or as root", str(path)
            )
    for name in os.listxattr(path) if hasattr(os, "listxattr") else ():
        with suppressing(OSError):  # one that only the system may set
            os.setxattr(fresh, name, os.getxattr(path, name))


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
    file = open(descriptor, "wb", buffering=1 << 20)  # noqa: PTH123, SIM115 - a path would not keep its permissions
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            if hasattr(os, "fchmod"):  # not on Windows
                os.fchmod(descriptor, _OWNER_ONLY)
            os.ftruncate(descriptor, 0)  # after that, so that a file that stays readable keeps its content
        yield file
    except BaseException:
        with suppressing(OSError):
            file.close()  # what stopped the caller is the news, not that the rest cannot be written either
        raise
    try:
        file.close()
    except OSError as error:
        let_through(error)
        raise OSError(error.errno, error.strerror, str(path)) from None


def open_regular(path: Path) -> BufferedReader:
    """Open a file to read; what is not a file is refused and not waited for: a pipe without a writer never answers.

    Raises:
        OSError: It cannot be opened, or is a folder, a pipe, a socket or a device; `strerror` says which.
    """
    refuse_other_kinds(path, path.stat())  # first, because opening a device may do something
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    try:
        refuse_other_kinds(path, os.fstat(descriptor))  # another file may have this name by now
    except OSError:
        os.close(descriptor)
        raise
    return open(descriptor, "rb")  # noqa: PTH123 - a path would be opened again; the caller closes it


def refuse_other_kinds(path: Path, status: os.stat_result) -> None:
    """Raise an OSError that says what is at `path`, if its status is not that of a file."""
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        words = _KINDS.get(kind, "a device")
        raise OSError(errno.EISDIR if kind == stat.S_IFDIR else errno.EINVAL, f"it is {words}, not a file", str(path))


def read_regular(path: Path, *, most_bytes: int | None = None) -> bytes:
    """Read all of a file; see `open_regular`.

    Raises:
        OSError: It cannot be opened or read, is not a file, or has more than `most_bytes`.
    """
    with open_regular(path) as file:
        is_large = most_bytes is not None and os.fstat(file.fileno()).st_size > most_bytes
        content: bytes | None = b"" if is_large else file.read(-1 if most_bytes is None else most_bytes + 1)
    if content is None:  # as `/proc/kmsg`: a file that waits until there is something
        raise BlockingIOError(errno.EAGAIN, "it has no content yet, as only a file of the system does", str(path))
    if is_large or (most_bytes is not None and len(content) > most_bytes):
        raise OSError(errno.EINVAL, f"it has more than {most_bytes:,} bytes, so it is another file", str(path))
    return content


def open_given(path: Path) -> BufferedReader:
    """Open a file that a person names as an option. A pipe that the shell has opened, as `<(…)`, counts as one.

    Raises:
        OSError: See `open_regular`.
    """
    is_open = _OPENED_BY_A_SHELL.fullmatch(str(path)) is not None and path.is_fifo()
    return path.open("rb") if is_open else open_regular(path)


def read_given(path: Path) -> bytes:
    """Read all of a file that a person names as an option; see `open_given`."""
    with open_given(path) as file:
        return file.read()


def open_lock(path: Path) -> int:
    """Return the descriptor of a lock file, created if it is missing; closing it lets go of the lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
    give_to_owner(path)
    return descriptor


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


def lock_in_time(descriptor: int, path: Path) -> None:
    """Lock an open file or folder; wait for another process, but not for ever.

    Raises:
        TimeoutError: It has had it for ten seconds.
        OSError: The file system has no locks.
    """
    until_s = monotonic_after(_LOCK_WAIT_S)
    while not lock(descriptor):
        if monotonic_s() > until_s:
            text = "another command holds it; if that was stopped by Ctrl-Z, let it go on (fg) or end it"
            raise TimeoutError(errno.ETIMEDOUT, text, str(path))
        pause(_LOOK_EVERY_S)


def unlock(descriptor: int) -> None:
    """Let go of the lock of an open file."""
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _name_beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
