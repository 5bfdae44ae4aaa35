"""What all pipelines of a process do at a fork and at exit."""

from __future__ import annotations

import atexit
import os
import threading
from typing import Protocol

from pipelines_client.clock import monotonic_s
from pipelines_client.delivery.exits import watch_child_exit
from pipelines_client.log import logger
from pipelines_client.signals import let_through
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


_watched: list[int] = []
"""The process whose end is watched; its children are not, until they use a client."""


def watch_exit() -> None:
    """Close all pipelines at exit, before the exit hooks that exist already: those close our sockets."""
    if _watched == [os.getpid()]:
        return
    if not _watched:
        atexit.register(close_all)  # a forked child inherits it
    _watched[:] = [os.getpid()]
    watch_child_exit(close_all)


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


def close_all() -> None:
    """Close all, within one budget; an error of one does not keep the others from it."""
    pipelines = list(LIVE)
    until_s = monotonic_s() + max((pipeline.exit_timeout_s for pipeline in pipelines), default=0.0)
    for pipeline in pipelines:
        if pipeline.exit_timeout_s > 0:
            pipeline.hurry()
    for pipeline in pipelines:
        try:
            pipeline.close(until_s)
        except Exception as error:  # noqa: BLE001 - what is left is on disk
            let_through(error)
            logger().error("close_failed", error=type(error).__name__)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
