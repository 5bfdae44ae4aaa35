"""The state directory of a running client, held by a descriptor: its files stay together wherever its path leads.

The path is resolved once. From then on each file is opened relative to the descriptor (on Linux, by way of
`/proc/self/fd`), so a `chdir`, a symlink that a deployment switches or a parent folder that was moved splits nothing.
Where there is no `/proc`, the resolved path is used.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import platformdirs

from pipelines_client.files import OpenFile, make_folder
from pipelines_client.signals import let_through

_QUOTES = ("'", '"')
_LINKS = Path("/proc/self/fd")


def default_state_dir() -> Path:
    """Return the state directory of this user; a path that cannot be made if the user has no home."""
    try:
        return Path(platformdirs.user_state_dir("pipelines-client"))
    except (RuntimeError, KeyError) as error:
        let_through(error)
        return Path(os.devnull) / "pipelines-client"


def resolved(path: Path) -> Path:
    """Return a state directory's path, absolute and without symlinks.

    Raises:
        ValueError: See `absolute`.
    """
    return Path(os.path.realpath(absolute(path)))


def absolute(path: Path) -> Path:
    """Return a path that a `chdir` does not move.

    Raises:
        ValueError: It is in quotes, which an env file keeps, or there is no home for its `~`.
    """
    text = str(path)
    if text[:1] in _QUOTES or text[-1:] in _QUOTES:
        raise ValueError("is in quotes; remove them")
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        let_through(error)
        raise ValueError("begins with ~, and this user has no home; give an absolute path") from None


class HeldDir:
    """A folder that is made if it is missing, and made again if it was removed or its descriptor was closed."""

    def __init__(self, path: Path) -> None:
        """Hold nothing yet."""
        self._place = path
        self._file: OpenFile | None = None

    @property
    def path(self) -> Path:
        """Where the folder is now.

        Raises:
            OSError: It cannot be made, or it belongs to another user.
        """
        file = self._file
        if file is None or not file.is_ours or os.fstat(file.descriptor).st_nlink == 0:
            file = self._file = self._hold()
        link = _LINKS / str(file.descriptor)
        return link if file.is_at(link) else self._place

    def _hold(self) -> OpenFile:
        make_folder(self._place)
        file = OpenFile(self._place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _check_owner(os.fstat(file.descriptor))
        except BaseException:
            file.close()
            raise
        return file


def _check_owner(status: os.stat_result) -> None:
    """Refuse a folder in which another user could read or replace what we write.

    Raises:
        PermissionError: It belongs to another user, or everyone may write to it.
    """
    if not hasattr(os, "geteuid"):
        return
    mine = os.geteuid()
    if mine not in (0, status.st_uid) and status.st_uid != 0:
        raise PermissionError("state_dir belongs to another user; give each user a state_dir")
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        raise PermissionError("every user may write to state_dir; take that right away (chmod o-w)")
