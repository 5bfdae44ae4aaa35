"""When a process looks for what dead processes left.

A young process does not: one that lives for a moment would send what it cannot wait for, and the next one would send it
again. Nor does one that is about to end. All others take turns: one looks on behalf of all, every ten seconds.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from pipelines_client.clock import monotonic_s, utc_now
from pipelines_client.errors import StateDamagedError
from pipelines_client.files import OpenFile, lock
from pipelines_client.signals import let_through
from pipelines_client.state.guarded import guarded
from pipelines_client.state.layout import StateDir
from pipelines_client.state.runfile import forget_ended

ADOPT_AFTER_S = 1.0
ADOPT_EVERY_S = 10.0
_FORGET_EVERY_S = 3_600.0
_TURN = ".adoption"


class Turn:
    """One process's turns to look. A look that was asked for, by `flush`, does not wait for its turn."""

    def __init__(self, state: Callable[[], StateDir | None]) -> None:
        """Wait for the first turn; `state` returns the state directory, None while all is in memory."""
        self._state = state
        self.may_be_more = False
        """Whether the last look left something, because as much was adopted as is drained at a time."""
        self._leased_until = 0.0
        self._looked_at_s: float | None = None
        self._due_s = monotonic_s() + ADOPT_AFTER_S

    def is_due(self, *, is_asked: bool) -> bool:
        """Return whether to look now."""
        lease_s = self.leased_for_s
        if self.may_be_more or (lease_s is not None and lease_s <= 0):
            return True
        now = monotonic_s()
        if is_asked:
            return self._looked_at_s is None or now - self._looked_at_s >= ADOPT_EVERY_S
        return now >= self._due_s

    @property
    def leased_for_s(self) -> float | None:
        """Seconds until what was left for its lease may be sent; None if nothing was."""
        return self._leased_until - utc_now().timestamp() if self._leased_until else None

    def note(self, *, may_be_more: bool, leased_until: float) -> None:
        """Note what a look left."""
        self.may_be_more, self._leased_until = may_be_more, leased_until

    @contextlib.contextmanager
    def taken(self, *, is_asked: bool) -> Iterator[bool]:
        """Yield whether it is our turn, and note that we looked."""
        self._due_s = monotonic_s() + ADOPT_EVERY_S
        with contextlib.ExitStack() as stack:
            is_ours = self._take(stack) or is_asked or self.may_be_more or bool(self._leased_until)
            if is_ours:
                self._looked_at_s = monotonic_s()
            yield is_ours

    def _take(self, stack: contextlib.ExitStack) -> bool:
        """Take the turn of all processes; True as well if the file that says whose it is cannot be used."""
        state = self._state()
        if state is None:
            return False
        try:
            path = state.path / _TURN
            if path.exists() and 0 <= utc_now().timestamp() - path.stat().st_mtime < ADOPT_EVERY_S - 1:
                return False
            file = OpenFile(path, os.O_RDWR | os.O_CREAT)
            stack.callback(file.close)
            if not lock(file.descriptor):
                return False
            _forget(state, file, path)
        except OSError as error:
            let_through(error)
        return True


def _forget(state: StateDir, file: OpenFile, path: Path) -> None:
    """Note the turn in its file; once an hour, which its content says, remove run files of long ago."""
    now = utc_now().timestamp()
    try:
        since = now - guarded(int, path.read_bytes(), path=path)
    except StateDamagedError:  # a new file, too
        since = _FORGET_EVERY_S
    if not 0 <= since < _FORGET_EVERY_S:
        os.ftruncate(file.descriptor, 0)
        file.write(str(int(now)).encode())
        forget_ended(state)
    os.utime(path, (now, now))
