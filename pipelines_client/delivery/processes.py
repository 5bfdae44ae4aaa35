"""What all pipelines of a process do at a fork and at exit."""

from __future__ import annotations

import atexit
import ctypes
import functools
import os
import threading
from typing import Protocol

from pipelines_client.clock import monotonic_s
from pipelines_client.state.runfile import LegReport


class Living(Protocol):
    """A pipeline, as far as processes are concerned."""

    @property
    def exit_timeout_s(self) -> float:
        """Seconds its end may take."""
        ...

    def hurry(self) -> None:
        """Send what is there, without waiting for full batches."""

    def leg_reports(self) -> list[tuple[str, LegReport]]:
        """Return counts and health of each leg of each lane."""
        ...

    def close(self, until_s: float) -> None:
        """Deliver what can be delivered until then, leave the rest on disk."""

    def hold(self) -> None:
        """Before a fork: take the locks."""

    def release(self) -> None:
        """After a fork, in the parent."""

    def forget(self) -> None:
        """After a fork, in the child: forget the parent's files."""


LIVE: set[Living] = set()
"""Pipelines that may hold messages; each removes itself when it has none and its client is gone."""
_held: dict[int, list[Living]] = {}
"""The pipelines that each forking thread holds: two threads may fork at once."""


@functools.cache
def watch_exit() -> None:
    """Close all pipelines at exit, before the exit hooks that exist already: those close our sockets."""
    atexit.register(_at_exit)


def leak(inherited: object) -> None:
    """Keep an inherited object open for ever, even past the exit of the child (docs/adr/0001).

    A global is not enough: the interpreter clears globals at exit, and SQLite would close the parent's log.
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
