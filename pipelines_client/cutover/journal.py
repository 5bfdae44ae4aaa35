"""The journal of a stage file: who changed what, when and why. Lines of JSON beside the file, never rewritten."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from pipelines_client.errors import StageFileError
from pipelines_client.files import read_log
from pipelines_client.routing.plan import Stage


class StageChange(BaseModel):
    """One change, as its line in the journal has it.

    Attributes:
        at: When; UTC, ISO-8601 with milliseconds.
        by: Who, as given or as `user@host`.
        action: `start`, `advance`, `rollback`, `share` or `switch`.
        before: The stage until then; None for the first.
        after: The stage from then on.
        detail: What was set besides the stage, such as `customerio.share = 0.25`.
        reason: Why, in the words of the person who did it.
        is_forced: Whether it was done in spite of obstacles.
        in_the_way: These obstacles, as text.
    """

    model_config = ConfigDict(frozen=True)  # fields that a later version adds to a line are ignored

    at: str
    by: str
    action: str
    before: Stage | None
    after: Stage
    detail: str = ""
    reason: str = ""
    is_forced: bool = False
    in_the_way: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """The change in words: `dual → live`, or what was set."""
        return self.detail or (f"{self.before.value} → {self.after.value}" if self.before else self.after.value)


class Journal(NamedTuple):
    """The changes, oldest first, and how many lines could not be read."""

    changes: tuple[StageChange, ...] = ()
    unread_lines: int = 0

    def began(self, stage: Stage) -> StageChange | None:
        """Return the change that led into this stage; None if the journal ends at another stage or is empty."""
        if not self.changes or self.changes[-1].after is not stage:
            return None
        return next(change for change in reversed(self.changes) if change.after is stage is not change.before)


def journal_path(stage_file: Path) -> Path:
    """Return the path of a stage file's journal."""
    return stage_file.with_name(f"{stage_file.stem}-log.jsonl")


def read_journal(path: Path) -> Journal:
    """Read a journal; a missing file is an empty journal. Torn lines are counted and skipped.

    Raises:
        StageFileError: The file exists and cannot be read.
    """
    try:
        return Journal(*read_log(path, StageChange.model_validate_json))
    except OSError as error:
        raise StageFileError(f"{path} cannot be read ({error.strerror})") from None


def current_user() -> str:
    """Return `user@host` for the journal."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # in a container, a user may have no name
        user = f"user {os.getuid()}"
    return f"{user}@{socket.gethostname()}"
