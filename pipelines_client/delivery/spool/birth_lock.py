"""A lock around the moment in which a spool's file is born: whoever looks for the files of the dead waits for that.

Between the creation of a file and the lock that SQLite takes on it, a newborn looks like the empty file of a dead
process, and would be removed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pipelines_client.clock import monotonic_s, pause
from pipelines_client.files import lock, open_lock

_LOCK_NAME = ".births.lock"
_STEP_S = 0.002
_held: set[int] = set()


@contextlib.contextmanager
def births_held(spool_dir: Path, *, timeout_s: float) -> Iterator[bool]:
    """Hold the lock of a spool directory; yield False if another kept it for `timeout_s`.

    The lock is of the open file, so threads of one process exclude each other as well, and a killed process lets go.
    """
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
    """A child's copy of the descriptor would hold the parent's lock for as long as the child lives."""
    for descriptor in _held:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_child)
