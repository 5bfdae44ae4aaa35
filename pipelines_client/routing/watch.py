"""The stage that is in force: the stage file looked into while the process runs, aliases on disk."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines_client.clock import monotonic_s
from pipelines_client.errors import ConfigError
from pipelines_client.files import replace_file
from pipelines_client.log import logger
from pipelines_client.message.build import Message
from pipelines_client.routing.cohorts import HASH_BYTES, Aliases, hash_id
from pipelines_client.routing.plan import Plan
from pipelines_client.routing.stagefile import parse_stage_file
from pipelines_client.signals import let_through

ALIAS_FILE = "aliases"
LAST_GOOD_FILE = "stage-last-good.toml"
"""Their names in the state directory."""
_MAX_ALIASES = 1_000_000  # pairs kept in memory, at most 200 bytes each
_HASH_CHARS = 2 * HASH_BYTES
_PAIR_BYTES = 2 * _HASH_CHARS + 1


@contextlib.contextmanager
def _passing(*errors: type[Exception]) -> Iterator[None]:
    """Pass over errors that are not worth failing for, unless the application's signal handler raised them."""
    try:
        yield
    except errors as error:
        let_through(error)


class AliasFile:
    """The pairs of ids that one state directory has seen, in a file that its processes add to; `None`: in memory only.

    A line is two hashes: nobody is named. All processes take the pairs in the order of the file, so that they agree.
    """

    def __init__(self, path: Path | None) -> None:
        self.aliases = Aliases()
        self._path = path
        self._read = 0

    def pair(self, previous_id: str, user_id: str) -> None:
        """Note, for all processes, that two ids are one person's."""
        previous, user = hash_id(f"user:{previous_id}"), hash_id(f"user:{user_id}")
        if previous == user or self.aliases.head(previous) == self.aliases.head(user):
            return
        if self._path is not None:
            self._append(self._path, f"{previous.hex()} {user.hex()}")
            self.catch_up()
        self._add(previous, user)  # which it is already, unless the file could not be written

    def catch_up(self) -> None:
        """Take what other processes have added."""
        if self._path is None:
            return
        start = self._read
        with _passing(OSError), self._path.open("rb") as file:
            file.seek(start)
            whole = file.read().rpartition(b"\n")[0]
            self._read = start + len(whole)  # not added up: another thread may be at it, too
            for line in whole.split(b"\n"):
                if len(line) == _PAIR_BYTES:
                    with _passing(ValueError):
                        pair = line.decode("ascii")
                        self._add(bytes.fromhex(pair[:_HASH_CHARS]), bytes.fromhex(pair[_HASH_CHARS:]))

    def _add(self, previous: bytes, user: bytes) -> None:
        if len(self.aliases) < _MAX_ALIASES:
            self.aliases.pair(previous, user)

    @staticmethod
    def _append(path: Path, line: str) -> None:
        """Add a line in one write, which no other process' is mixed with; a line that a kill tore spoils none after."""
        with _passing(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, f"\n{line}\n".encode())
            finally:
                os.close(descriptor)


class StageWatch:
    """The plan that is in force now, for all threads of a process and for what it forks.

    Args:
        base: The plan of the settings: in force until a stage file was read, and wherever that says nothing.
        path: The stage file; None: the base holds for ever.
        poll_s: Seconds within which a change of it is in force.
        memory: The state directory, where aliases are shared and the last good file is kept for processes that start
            while the file is wrong; None: each process knows its own.
    """

    def __init__(self, base: Plan, path: Path | None, *, poll_s: float, memory: Path | None) -> None:
        self.error: str | None = None
        """Why the file could not be used at the last look; None if it could."""
        self._path = path
        self.look_every_s = poll_s / 2
        """Seconds between two looks: whoever looks is told by another who waits, and both are to be in time."""
        self._content: bytes | None = None
        self._shares_people = len(base.legs) > 1
        self._alias_file = AliasFile(memory / ALIAS_FILE if memory is not None and self._shares_people else None)
        self._last_good = memory / LAST_GOOD_FILE if memory is not None else None
        self._base = self._plan = replace(base, aliases=self._alias_file.aliases)
        self._due_s = 0.0 if path is not None or self._shares_people else float("inf")

    def plan(self) -> Plan:
        """Return the plan that is in force."""
        if monotonic_s() >= self._due_s:
            self._look()
        return self._plan

    def note(self, message: Message, call: Mapping[str, Any]) -> None:
        """Learn from a message that was taken: an alias says that two ids are one person's."""
        previous, user = call.get("previousId"), message.user_id
        if self._shares_people and isinstance(previous, str) and user:
            self._alias_file.pair(previous, user)

    def _look(self) -> None:
        """Look into the files; who comes meanwhile looks, too, and goes by nothing that is older."""
        self._alias_file.catch_up()
        if self._path is not None:
            self._look_into(self._path)
        self._due_s = monotonic_s() + self.look_every_s

    def _look_into(self, path: Path) -> None:
        try:
            seen, content = self._content, path.read_bytes()
            while content != seen or self.error is not None:
                if self._take(content, seen):
                    self._keep(content)
                    break
                seen, content = self._content, path.read_bytes()  # another thread was faster, and may know a newer one
        except OSError as error:
            let_through(error)
            self._refuse(error.strerror or type(error).__name__)
        except ConfigError as error:
            self._refuse(str(error))

    def _take(self, content: bytes, seen: bytes | None) -> bool:
        """Go by a file's content, unless another thread has gone by one since we had `seen`; True if we do."""
        plan = parse_stage_file(content).applied_to(self._base)
        if self._content is not seen:
            return False
        before, self._plan, self._content, self.error = self._plan, plan, content, None
        if plan != before:
            logger().info("stage_file_read", stage=plan.name, before=before.name)
        return True

    def _keep(self, content: bytes) -> None:
        """Put a copy where whoever starts next finds it; not worth failing for."""
        if self._last_good is None:
            return
        with _passing(OSError):
            self._last_good.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(self._last_good, content)

    def _refuse(self, error: str) -> None:
        if self._content is None and self._last_good is not None:
            with _passing(OSError, ConfigError):
                self._take(self._last_good.read_bytes(), None)
        if error != self.error:
            self.error = error
            logger().error("stage_file_refused", path=str(self._path), error=error, in_force=self._plan.name)
