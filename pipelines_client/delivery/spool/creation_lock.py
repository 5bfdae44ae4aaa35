"""The lock that a process holds while it creates or opens a spool file.

Between the creation of a file and the lock that SQLite takes on it, a new spool looks like the empty file of a dead
process. Without this lock, a process that looks for such files would remove it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pipelines_client.clock import monotonic_s, pause
from pipelines_client.files import lock, open_lock

_LOCK_NAME = ".creation.lock"
_STEP_S = 0.002
_held: set[int] = set()


@contextlib.contextmanager
def creation_lock(spool_dir: Path, *, timeout_s: float = 5.0) -> Iterator[bool]:
    """Hold the lock of a spool directory; yield False if another process or thread kept it for `timeout_s`."""
    descriptor = open_lock(spool_dir.parent / _LOCK_NAME)
    _held.add(descriptor)
    try:
        until = monotonic_s() + timeout_s
        while not (is_ours := lock(descriptor)) and monotonic_s() <= until:
            pause(_STEP_S)
        yield is_ours
    finally:
        _held.discard(descriptor)
        os.close(descriptor)


def _let_go_in_child() -> None:
    """Close a forked child's copies of the descriptors, which would hold the parent's lock while the child lives."""
    for descriptor in _held:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_child)
