"""The journal of a stage file: who changed what, when and why. Lines of JSON beside the file, never rewritten."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from pipelines_client.errors import StageFileError
from pipelines_client.routing.plan import Stage


class Change(BaseModel):
    """One change, as its line has it.

    Attributes:
        at: When; UTC, ISO-8601 with milliseconds.
        by: Who, as the command was told or as the system names its user and host.
        action: `start`, `advance`, `rollback`, `share` or `switch`.
        before: The stage until then; None for the first.
        after: The stage from then on.
        detail: What was set besides the stage, such as `customerio.share = 0.25`.
        reason: Why, in the words of whoever did it.
        is_forced: Whether it was done though something stood in the way.
        in_the_way: What that was.
    """

    model_config = ConfigDict(frozen=True)  # what a later version adds to a line is no reason not to read it

    at: str
    by: str
    action: str
    before: Stage | None
    after: Stage
    detail: str = ""
    reason: str = ""
    is_forced: bool = False
    in_the_way: tuple[str, ...] = ()


class Journal(NamedTuple):
    """The changes, oldest first, and how many lines could not be read."""

    changes: tuple[Change, ...] = ()
    unread_lines: int = 0

    def began(self, stage: Stage) -> Change | None:
        """Return the change that led into this stage; None if the last one led elsewhere, or nowhere."""
        if not self.changes or self.changes[-1].after is not stage:
            return None
        return next(change for change in reversed(self.changes) if change.after is stage is not change.before)


def journal_path(stage_file: Path) -> Path:
    """Return where the journal of a stage file is."""
    return stage_file.with_name(f"{stage_file.stem}-log.jsonl")


def read_journal(path: Path) -> Journal:
    """Read a journal; one that is not there is empty. A line that is torn is counted and passed over.

    Raises:
        StageFileError: It is there and cannot be read.
    """
    try:
        lines = [line for line in path.read_bytes().splitlines() if line.strip()]
    except FileNotFoundError:
        return Journal()
    except OSError as error:
        raise StageFileError(f"{path} cannot be read ({error.strerror})") from None
    changes = []
    for line in lines:
        try:
            changes.append(Change.model_validate_json(line))
        except ValidationError:
            continue
    return Journal(tuple(changes), len(lines) - len(changes))
