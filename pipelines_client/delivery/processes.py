"""The birth and death of processes: what all pipelines do at a fork and at exit."""

from __future__ import annotations

import atexit
import ctypes
import functools
import os
import threading
from typing import Any, Protocol

from pipelines_client.clock import monotonic_s


class Living(Protocol):
    """A pipeline, as far as processes are concerned."""

    @property
    def exit_timeout_s(self) -> float:
        """Seconds its end may take."""

    def hurry(self) -> None:
        """Send what is there."""

    def leg_statuses(self) -> list[tuple[str, dict[str, Any]]]:
        """Return counts and health of each leg of each lane."""

    def close(self, until_s: float) -> None:
        """Deliver what can be until then, leave the rest on disk."""

    def hold(self) -> None:
        """Before a fork: let no thread be inside a lock."""

    def release(self) -> None:
        """After a fork, in the parent."""

    def forget(self) -> None:
        """After a fork, in the child: touch nothing of the parent's."""


LIVE: set[Living] = set()
"""Pipelines that may hold messages; each takes itself out when it has none and nobody holds its client."""
_held: dict[int, list[Living]] = {}
"""What each thread that forks holds meanwhile: two may fork at once."""


@functools.cache
def watch_exit() -> None:
    """Have all pipelines closed at exit, before the exit hooks that were there already: those close our sockets."""
    atexit.register(_at_exit)


def leak(inherited: object) -> None:
    """Keep an object for ever: what a child inherited must not be closed, not even by exiting (docs/adr/0001).

    A global is not enough: the interpreter clears those at exit, and SQLite would close the parent's log.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(inherited))


def _before_fork() -> None:
    held = _held[threading.get_ident()] = []
    for pipeline in sorted(LIVE, key=id):  # in one order for all threads
        pipeline.hold()
        held.append(pipeline)


def _after_fork_in_parent() -> None:
    for pipeline in _held.pop(threading.get_ident(), []):
        pipeline.release()


def _after_fork_in_child() -> None:
    _held.clear()
    for pipeline in list(LIVE):
        pipeline.forget()


def _at_exit() -> None:
    """Close all, within one budget."""
    pipelines = list(LIVE)
    until_s = monotonic_s() + max((pipeline.exit_timeout_s for pipeline in pipelines), default=0.0)
    for pipeline in pipelines:
        pipeline.hurry()
    for pipeline in pipelines:
        pipeline.close(until_s)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
