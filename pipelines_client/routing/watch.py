"""The stage in force: watches the stage file while the process runs.

No thread polls. A call or a sender that asks for the plan reads the file if the last look is older than half of
`poll_s`. So there is no thread to lose in a fork and no lock, and no message is routed by a plan older than `poll_s`
(docs/adr/0008). A file that cannot be read or is wrong leaves the last good plan in force; each error is logged once.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines_client.clock import monotonic_s
from pipelines_client.errors import ConfigError
from pipelines_client.files import replace_file
from pipelines_client.log import logger
from pipelines_client.message.build import Message
from pipelines_client.routing.aliases import ALIAS_FILE, AliasFile
from pipelines_client.routing.plan import Plan
from pipelines_client.routing.stagefile import mark_of, parse_stage_file, read_stage_bytes
from pipelines_client.signals import let_through, suppressing

LAST_GOOD_FILE = "stage-last-good.toml"
"""Its name in the state directory."""


class StageWatch:
    """The plan in force, for all threads of a process and for the processes that it forks.

    Args:
        base: The plan of the settings. It is in force until a stage file is read, and for all keys that the file omits.
        path: The stage file; None if there is none.
        poll_s: Seconds within which a change of the file takes effect.
        memory: The state directory. It holds the shared aliases, and a copy of the last good file for processes that
            start while the file is wrong. None: each process keeps its aliases in memory.
    """

    def __init__(self, base: Plan, path: Path | None, *, poll_s: float, memory: Path | None) -> None:
        self.error: str | None = None
        """Why the file could not be used at the last look; None if it was used."""
        self._path = path
        self.look_every_s = poll_s / 2
        """Seconds between two looks: half of `poll_s`, because a sender may wait for as long before it asks."""
        self._content: bytes | None = None
        self._looks = itertools.count(1)
        self._in_force = 0  # the number of the look whose result is in force
        self._shares_people = len(base.legs) > 1
        self._aliases = AliasFile(memory / ALIAS_FILE if memory is not None and self._shares_people else None)
        self._last_good = memory / LAST_GOOD_FILE if memory is not None else None
        self._base = self._plan = replace(base, aliases=self._aliases)
        self._due_s = 0.0 if path is not None or self._shares_people else float("inf")

    def plan(self) -> Plan:
        """Return the plan in force."""
        if monotonic_s() >= self._due_s:
            self._look()
        return self._plan

    @property
    def has_file(self) -> bool:
        """Whether there is a stage file to follow."""
        return self._path is not None

    @property
    def mark(self) -> str | None:
        """The mark of the stage file's content in force; None without a file, or if it cannot be used."""
        return mark_of(self._content) if self._content is not None and self.error is None else None

    def note(self, message: Message, call: Mapping[str, Any]) -> None:
        """Record the pair of ids of an alias that was accepted."""
        previous, user = call.get("previousId"), message.user_id
        if self._shares_people and isinstance(previous, str) and user:
            self._aliases.join(previous, user)

    def save_people(self) -> None:
        """Save what was read of the aliases, if it is due, so that other processes find it sooner. Not for a call."""
        self._aliases.save()

    def _look(self) -> None:
        """Read the files. A thread that asks meanwhile reads them too, so it never uses an older plan."""
        self._aliases.catch_up()
        if self._path is not None:
            self._look_into(self._path)
        self._due_s = monotonic_s() + self.look_every_s

    def _look_into(self, path: Path) -> None:
        number = next(self._looks)  # before the file is read: what a look of a later number reads is not older
        try:
            content = read_stage_bytes(path)
            if (content != self._content or self.error is not None) and self._take(content, number):
                self._keep(content)
        except OSError as error:
            let_through(error)
            self._refuse(error.strerror or type(error).__name__, number)
        except ConfigError as error:
            self._refuse(str(error), number)

    def _take(self, content: bytes, number: int) -> bool:
        """Put a file's content in force and return True, unless another thread has begun and ended a later look."""
        plan = parse_stage_file(content).applied_to(self._base)
        if not self._is_newest(number):
            return False
        before, self._plan, self._content, self.error = self._plan, plan, content, None
        if plan != before:
            logger().info("stage_file_read", stage=plan.name, before=before.name)
        return True

    def _is_newest(self, number: int) -> bool:
        if number < self._in_force:
            return False
        self._in_force = number
        return True

    def _keep(self, content: bytes) -> None:
        """Keep a copy for processes that start while the file is wrong; ignore a disk that cannot be written."""
        if self._last_good is None:
            return
        with suppressing(OSError):
            self._last_good.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(self._last_good, content)

    def _refuse(self, error: str, number: int) -> None:
        if not self._is_newest(number):
            return
        if self._content is None and self._last_good is not None:
            with suppressing(OSError, ConfigError):
                self._take(read_stage_bytes(self._last_good), number)
        if error != self.error:
            self.error = error
            logger().error("stage_file_refused", path=str(self._path), error=error, in_force=self._plan.name)
