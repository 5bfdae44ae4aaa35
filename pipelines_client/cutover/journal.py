"""The journal of a stage file: who changed what, when and why. Lines of JSON beside the file, never rewritten."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict

from pipelines_client.clock import iso_utc
from pipelines_client.errors import StageFileError
from pipelines_client.files import read_regular
from pipelines_client.routing.plan import Stage

BY_HAND = "by hand"
"""The action of a change that a person or a tool made in the file, which the first command after it found there."""
_MOST_BYTES = 256 << 20


def _instant(text: str) -> str:
    """Return an instant as `iso_utc` spells it.

    Raises:
        ValueError: It is not one, or has no time zone.
    """
    at = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    if at.tzinfo is None:
        raise ValueError("has no time zone")
    try:
        return iso_utc(at)
    except OverflowError:
        raise ValueError("is beyond the years that can be written") from None


class StageChange(BaseModel):
    """One change, as its line in the journal has it.

    Attributes:
        at: When; UTC, ISO-8601 with milliseconds.
        by: Who, as given or as `user@host`.
        action: `start`, `advance`, `rollback`, `share`, `switch`, `accept` or `by hand`.
        before: The stage until then; None for the first.
        after: The stage from then on.
        detail: What was set besides the stage, such as `customerio.share = 0.25`.
        reason: Why, in the words of the person who did it.
        is_forced: Whether it was done in spite of obstacles.
        in_the_way: These obstacles, as text.
        accepted: Marks of lost messages that no longer block the way back (`rollback.mark_of_lost`).
        accepted_counts: Lost calls without a record that no longer block it, by the name of their writer.
        hosts: The hosts whose state directories a step looked at.
    """

    model_config = ConfigDict(frozen=True)  # fields that a later version adds to a line are ignored

    at: Annotated[str, AfterValidator(_instant)]
    by: str
    action: str
    before: Stage | None
    after: Stage
    detail: str = ""
    reason: str = ""
    is_forced: bool = False
    in_the_way: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    accepted_counts: tuple[tuple[str, int], ...] = ()
    hosts: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """The change in words: `dual → live`, or what was set."""
        return self.detail or (f"{self.before.value} → {self.after.value}" if self.before else self.after.value)


class Journal(NamedTuple):
    """The changes, oldest first, and the numbers of the lines that could not be read, the first line being 1."""

    changes: tuple[StageChange, ...] = ()
    unreadable: tuple[int, ...] = ()

    def with_line(self, change: StageChange) -> Journal:
        """Return it with one line more."""
        return self._replace(changes=(*self.changes, change))

    @property
    def last(self) -> StageChange | None:
        """The last change, or None."""
        return self.changes[-1] if self.changes else None

    def began(self, stage: Stage) -> StageChange | None:
        """Return the first change since which the stage is this one; None if the journal ends at another or is empty.

        That is the change that led into it, or, where its line cannot be read, the first line after it.
        """
        began = None
        for change in reversed(self.changes):
            if change.after is not stage:
                break
            began = change
            if change.before is not stage:
                break
        return began

    @property
    def accepted(self) -> frozenset[str]:
        """The marks of all lost messages that were accepted as lost."""
        return frozenset(mark for change in self.changes for mark in change.accepted)

    @property
    def accepted_counts(self) -> dict[str, int]:
        """How many lost calls without a record were accepted as lost, by writer: the last line about it says all."""
        return {writer: count for change in self.changes for writer, count in change.accepted_counts}

    @property
    def looked(self) -> StageChange | None:
        """The last step that says at which hosts it looked, or None."""
        return next((change for change in reversed(self.changes) if change.hosts), None)

    def earliest(self, stages: Collection[Stage]) -> str | None:
        """Return since when the stage may have been one of these: the last instant at which it surely was not.

        Empty if the journal does not reach back so far; None if the stage never was one of them. A stage that was set
        by hand may have begun at any time since the line before.
        """
        before = ""
        for change in self.changes:
            if change.before in stages or (change.after in stages and change.action == BY_HAND):
                return before
            if change.after in stages:
                return change.at
            before = change.at
        return None

    def first(self, stages: Collection[Stage]) -> str | None:
        """Return the first instant at which the stage is known to have been one of these, or None."""
        return min((change.at for change in self.changes if change.after in stages), default=None)

    def stage_at(self, at: str, stage: Stage, *, now: str) -> Stage:
        """Return the stage at an instant before `now`, given the present one; lines dated after `now` say nothing."""
        later = (change for change in self.changes if at < change.at <= now and change.before is not change.after)
        first = next(later, None)
        return stage if first is None or first.before is None else first.before


def meant_by(path: Path) -> Path:
    """Return what a path leads to, through all links; a link that leads to itself is returned."""
    return Path(os.path.realpath(path))


def journal_path(stage_file: Path) -> Path:
    """Return the path of a stage file's journal: beside the file as it is named, though that may be a link.

    A folder to which links lead may be switched as a whole, as by Kubernetes and git-sync. Only where a journal is
    beside the file that is meant, and none beside its name, it is that one: another person named the file so.
    """
    beside, meant = (path.with_name(f"{path.stem}-log.jsonl") for path in (stage_file.absolute(), meant_by(stage_file)))
    return meant if meant.exists() and not beside.exists() else beside


def read_journal(path: Path) -> Journal:
    """Read a journal; a missing file is an empty journal. A line that is torn or wrong costs that line.

    Raises:
        StageFileError: The file exists and cannot be read.
    """
    try:
        lines = read_regular(path, most_bytes=_MOST_BYTES).splitlines()
    except FileNotFoundError:
        return Journal()
    except OSError as error:
        raise StageFileError(f"{path} cannot be read ({error.strerror})") from None
    changes, unreadable = [], []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                changes.append(StageChange.model_validate_json(line))
            except ValueError:
                unreadable.append(number)
    return Journal(tuple(changes), tuple(unreadable))


def current_user() -> str:
    """Return `user@host` for the journal."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # in a container, a user may have no name
        user = f"user {os.getuid()}"
    return f"{user}@{socket.gethostname()}"
