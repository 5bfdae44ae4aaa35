"""Changes of the stage as library calls: start, advance, roll back, share, switch.

Each call checks what must be checked, writes the journal and the stage file, and returns the journal's line. Running
processes follow within their `stage_poll_s`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines_client.clock import iso_utc, utc_now
from pipelines_client.cutover.change import Edits, change_stage_file, read_current
from pipelines_client.cutover.gates import Obstacle, no_stage
from pipelines_client.cutover.journal import StageChange, current_user
from pipelines_client.errors import ConfigError, PipelinesError
from pipelines_client.routing.plan import Stage, Switch
from pipelines_client.sides import SIDES, Leg

if TYPE_CHECKING:
    from pipelines_client.cutover.overview import Overview


class BlockedError(PipelinesError):
    """The stage was not changed.

    Attributes:
        obstacles: Why not.
        summary: What was not done, such as `cannot advance to live`.
    """

    def __init__(self, summary: str, obstacles: Sequence[Obstacle]) -> None:
        super().__init__(f"{summary}; blocked by: {'; '.join(map(str, obstacles))}")
        self.summary = summary
        self.obstacles = tuple(obstacles)

    @property
    def can_be_forced(self) -> bool:
        """Whether `force` with a reason does it anyway."""
        return all(obstacle.can_be_forced for obstacle in self.obstacles)


def start(stage_file: Path, stage: Stage = Stage.SEGMENT, *, reason: str = "", by: str | None = None) -> StageChange:
    """Write a new stage file and begin its journal.

    ```python
    start(Path("/etc/app/stage.toml"))
    ```

    Args:
        stage_file: The file to write.
        stage: The stage you are at.
        reason: Why, for the journal.
        by: Who, for the journal; `user@host` if None.

    Raises:
        StageFileError: The file exists or cannot be written.
    """
    return _write(stage_file, {("stage",): stage.value}, "start", None, stage, reason=reason, by=by)


def advance(
    stage_file: Path,
    *,
    states: Sequence[Path],
    history: Path | None = None,
    reason: str = "",
    by: str | None = None,
    force: bool = False,
    now: datetime | None = None,
) -> StageChange:
    """Go on to the next stage if no gate blocks it, with the share that the file plans for it.

    ```python
    try:
        change = advance(Path("stage.toml"), states=[Path("/var/lib/app")], reason="14 passing days")
    except BlockedError as error:
        for obstacle in error.obstacles:
            print(obstacle.kind, obstacle.text)
    ```

    Args:
        stage_file: The stage file.
        states: State directories of the processes; copy those of other hosts here.
        history: The parity history; None for `parity-history.jsonl` in the working directory.
        reason: Why, for the journal.
        by: Who, for the journal; `user@host` if None.
        force: Change the stage in spite of obstacles; needs a reason, and the journal keeps both.
        now: Aware; None for the present.

    Returns:
        The line that was added to the journal.

    Raises:
        BlockedError: A gate blocks the next stage, or there is none.
        ConfigError: `force` without a reason.
        StageFileError: The file or its journal cannot be read or written, is wrong, or was changed in the meantime.
        LedgerError: A path is not a state directory.
        SourceError: The history cannot be read.
    """
    overview = _look(stage_file, states, history, now)
    target = overview.stage.moved(1)
    if target is None:
        raise BlockedError("cannot advance", overview.obstacles)
    _check(overview.obstacles, f"cannot advance to {target.value}", reason=reason, force=force)
    edits: Edits = {("stage",): target.value}
    step = overview.situation.file.plan.get(target)
    if step is not None and step.share is not None and target.partial is not None:
        edits = {**edits, (target.partial, "share"): step.share}
    obstacles, before = overview.obstacles, overview.stage
    return _write(stage_file, edits, "advance", before, target, reason=reason, by=by, obstacles=obstacles, now=now)


def rollback(
    stage_file: Path,
    *,
    states: Sequence[Path],
    history: Path | None = None,
    reason: str = "",
    by: str | None = None,
    force: bool = False,
    now: datetime | None = None,
) -> StageChange:
    """Go back one stage if Segment has received everything.

    ```python
    rollback(Path("stage.toml"), states=[Path("/var/lib/app")], reason="campaigns fire twice")
    ```

    Args, Returns and Raises are those of `advance`; BlockedError means that Segment lacks messages.
    """
    overview = _look(stage_file, states, history, now)
    target = overview.stage.moved(-1)
    if target is None or overview.way_back is None:
        raise BlockedError("cannot roll back", [no_stage(overview.stage, "first")])
    obstacles = overview.way_back.obstacles
    _check(obstacles, f"cannot roll back to {target.value}", reason=reason, force=force)
    edits: Edits = {("stage",): target.value}
    before = overview.stage
    return _write(stage_file, edits, "rollback", before, target, reason=reason, by=by, obstacles=obstacles, now=now)


def set_share(stage_file: Path, leg: Leg, share: float, *, reason: str = "", by: str | None = None) -> StageChange:
    """Set the share of people that a leg takes: Customer.io's at `shadow`, Segment's at `live`.

    ```python
    set_share(Path("stage.toml"), "customerio", 0.25)
    ```

    Args:
        stage_file: The stage file.
        leg: `customerio` or `segment`.
        share: Of people, 0 to 1.
        reason: Why, for the journal.
        by: Who, for the journal; `user@host` if None.

    Raises:
        ConfigError: There is no such leg.
        StageFileError: The share is not between 0 and 1; or the file cannot be read or written, or is wrong.
    """
    return _set(stage_file, leg, "share", share, reason=reason, by=by)


def switch(stage_file: Path, leg: Leg, position: Switch, *, reason: str = "", by: str | None = None) -> StageChange:
    """Switch a leg on, off (messages stay on disk) or to discard (messages are dropped), at any stage.

    ```python
    switch(Path("stage.toml"), "customerio", Switch.OFF, reason="key was rotated")
    ```

    Args and Raises are those of `set_share`.
    """
    return _set(stage_file, leg, "switch", position.value, reason=reason, by=by)


def _look(stage_file: Path, states: Sequence[Path], history: Path | None, now: datetime | None) -> Overview:
    from pipelines_client.cutover.overview import look  # it reads the parity history, which needs the extra

    return look(stage_file, states, history, now=now or utc_now())


def _check(obstacles: Sequence[Obstacle], summary: str, *, reason: str, force: bool) -> None:
    if obstacles and not force:
        raise BlockedError(summary, obstacles)
    if obstacles and not reason:
        raise ConfigError("a forced change needs a reason: the journal records why (--reason)")


def _set(stage_file: Path, leg: str, name: str, value: str | float, *, reason: str, by: str | None) -> StageChange:
    if leg not in SIDES:
        raise ConfigError(f"{leg} is not a leg; use customerio or segment")
    stage = read_current(stage_file).stage
    detail = f"{leg}.{name} = {value}"
    return _write(stage_file, {(leg, name): value}, name, stage, stage, reason=reason, by=by, detail=detail)


def _write(
    stage_file: Path,
    edits: Edits,
    action: str,
    before: Stage | None,
    after: Stage,
    *,
    reason: str,
    by: str | None,
    detail: str = "",
    obstacles: Sequence[Obstacle] = (),
    now: datetime | None = None,
) -> StageChange:
    change = StageChange(
        at=iso_utc(now or utc_now()),
        by=by or current_user(),
        action=action,
        before=before,
        after=after,
        detail=detail,
        reason=reason,
        is_forced=bool(obstacles),
        in_the_way=tuple(map(str, obstacles)),
    )
    change_stage_file(stage_file, edits, change)
    return change
