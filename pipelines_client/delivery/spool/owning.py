"""Whose a spool is: the process that holds the lock of its lock file.

The lock belongs to the open file (`flock`): a backup that reads our files does not let go of it, and a killed process
does. The owner locks each file of its spool that it keeps open: if a cleaner removes the lock file, the log still says
that its owner lives. A forked child closes its copies, and can take over what its parent leaves.
"""

from __future__ import annotations

import os
from pathlib import Path

from pipelines_client.clock import monotonic_s, pause
from pipelines_client.errors import SpoolBusyError
from pipelines_client.files import OpenFile, lock, unlock

LOCK_SUFFIX = ".lock"
_ATTEMPTS = 3
_READER_TIMEOUT_S = 1.0
_STEP_S = 0.002
_locked: set[OpenFile] = set()


def own(path: Path) -> OpenFile:
    """Lock a spool's lock file for this process, and create it if it is missing.

    Raises:
        SpoolBusyError: A living process owns the spool.
        OSError: The file cannot be opened.
    """
    for _ in range(_ATTEMPTS):
        file = OpenFile(path, os.O_RDWR | os.O_CREAT)
        if not _lock(file):
            file.close()
            raise SpoolBusyError("the spool belongs to a living process")
        if file.is_at(path):
            return file
        let_go(file)  # its owner has removed it since we opened it
    raise SpoolBusyError("the spool's lock file is replaced again and again")


def watch(path: Path) -> OpenFile | None:
    """Lock a spool's lock file beside other readers, so that no process adopts it meanwhile; None if it has no file.

    Raises:
        SpoolBusyError: A living process owns the spool.
        OSError: The file cannot be opened.
    """
    try:
        file = OpenFile(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    _locked.add(file)
    if not lock(file.descriptor, is_shared=True):
        let_go(file)
        raise SpoolBusyError("the spool belongs to a living process")
    return file


def lock_too(file: OpenFile) -> bool:
    """Lock one more file of a spool that we own; False if another process has it locked."""
    _locked.add(file)
    if lock(file.descriptor):
        return True
    _locked.discard(file)
    return False


def let_go(file: OpenFile) -> None:
    """Close a file that was locked."""
    _locked.discard(file)
    file.close()


def forget(file: OpenFile) -> None:
    """Forget a file whose descriptor the application has closed."""
    _locked.discard(file)


def _lock(file: OpenFile) -> bool:
    """Lock a file; wait for a moment if only readers have it locked."""
    _locked.add(file)
    until = monotonic_s() + _READER_TIMEOUT_S
    while not lock(file.descriptor):
        if not lock(file.descriptor, is_shared=True) or monotonic_s() > until:
            _locked.discard(file)
            return False
        unlock(file.descriptor)
        pause(_STEP_S)
    return True


def _let_go_in_child() -> None:
    """Close a forked child's copies, which would hold the parent's locks while the child lives."""
    for file in list(_locked):
        file.close()
    _locked.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_child)
