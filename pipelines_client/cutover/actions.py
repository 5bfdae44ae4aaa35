"""Changes of the stage as library calls: start, advance, roll back, share, switch, accept what is lost.

Each call checks what must be checked, writes the journal and the stage file, and returns the journal's line. Running
processes follow within their `stage_poll_s`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from pipelines_client.clock import utc_now
from pipelines_client.cutover.change import Edits, change_stage_file, edited_file, read_both
from pipelines_client.cutover.gates import Obstacle, without_a_leg
from pipelines_client.cutover.journal import StageChange, journal_path, read_journal
from pipelines_client.cutover.looking import look_at, losses_of, waiting_apart
from pipelines_client.cutover.memory import remember
from pipelines_client.cutover.moving import BACK, ON, BlockedError, Why, move
from pipelines_client.cutover.rollback import count_ledgers, way_back
from pipelines_client.errors import ConfigError
from pipelines_client.routing.plan import Stage, Switch
from pipelines_client.sides import CUSTOMERIO, SEGMENT, SIDES, TITLES, Leg

__all__ = ["BlockedError", "accept_lost", "advance", "rollback", "set_share", "start", "switch"]


def start(stage_file: Path, stage: Stage | None = None, *, reason: str = "", by: str | None = None) -> StageChange:
    """Write a new stage file and begin its journal.

    ```python
    start(Path("/etc/app/stage.toml"))
    ```

    Args:
        stage_file: The file to write.
        stage: The stage you are at. None: where the journal of an earlier file ends, `segment` if there is none.
        reason: Why, for the journal.
        by: Who, for the journal; `user@host` if None.

    Raises:
        StageFileError: The file exists or cannot be written; or its journal cannot be read.
    """
    if stage is None:
        last = read_journal(journal_path(stage_file)).last
        stage = last.after if last is not None else Stage.SEGMENT
    change = Why(reason, by).line("start", None, stage)
    change_stage_file(stage_file, {("stage",): stage.value}, change)
    return change


def advance(
    stage_file: Path,
    *,
    states: Sequence[Path],
    history: Path | None = None,
    to: Stage | None = None,
    reason: str = "",
    by: str | None = None,
    force: bool = False,
    now: datetime | None = None,
) -> StageChange:
    """Go on to the next stage if no gate blocks it, with the share that the file plans for it.

    ```python
    try:
        change = advance(Path("stage.toml"), states=[Path("/var/lib/app")], to=Stage.LIVE, reason="14 passing days")
    except BlockedError as error:
        for obstacle in error.obstacles:
            print(obstacle.kind, obstacle.text)
    ```

    Args:
        stage_file: The stage file.
        states: State directories of the processes; copy those of other hosts here.
        history: The parity history; None for `parity-history.jsonl` in the working directory.
        to: The stage to go to: the next one, or the present one, which changes nothing. None for the next one.
        reason: Why, for the journal.
        by: Who, for the journal; `user@host` if None.
        force: Change the stage in spite of obstacles; needs a reason, and the journal keeps both.
        now: Aware; None for the present.

    Returns:
        The line that was added to the journal; if the stage was there already, the line that led to it.

    Raises:
        BlockedError: A gate blocks the next stage, there is none, or another command has changed the stage meanwhile.
        ConfigError: `force` without a reason, or `to` is not the next stage.
        StageFileError: The file or its journal cannot be read or written, or is wrong.
        LedgerError: A path is not a state directory.
        SourceError: The history cannot be read.
    """
    why = Why(reason, by, force)
    return move(ON, stage_file, states=states, history=history, to=to, why=why, now=now).change


def rollback(
    stage_file: Path,
    *,
    states: Sequence[Path],
    history: Path | None = None,
    to: Stage | None = None,
    reason: str = "",
    by: str | None = None,
    force: bool = False,
    now: datetime | None = None,
) -> StageChange:
    """Go back one stage, unless Segment lacks what a replay after it cannot send.

    While a process runs, messages go on to come: go back first, then replay what Segment lacks. While none runs, replay
    first. What Segment lacks is in `overview.look(...).way_back`.

    ```python
    rollback(Path("stage.toml"), states=[Path("/var/lib/app")], to=Stage.DUAL, reason="campaigns fire twice")
    ```

    Args, Returns and Raises are those of `advance`.
    """
    why = Why(reason, by, force)
    return move(BACK, stage_file, states=states, history=history, to=to, why=why, now=now).change


def accept_lost(
    stage_file: Path, *, states: Sequence[Path], reason: str, by: str | None = None, now: datetime | None = None
) -> StageChange | None:
    """Accept that messages which reached neither side stay lost: they no longer block the way back.

    The journal keeps which ones, by a mark of their ids. What is lost later is not among them.
    `overview.look(…).losses` says how many there are.

    ```python
    accept_lost(Path("stage.toml"), states=[Path("/var/lib/app")], reason="the disk was full for a minute")
    ```

    Args:
        stage_file: The stage file.
        states: State directories of the processes; copy those of other hosts here.
        reason: Why, for the journal; not empty.
        by: Who, for the journal; `user@host` if None.
        now: Aware; None for the present.

    Returns:
        The line that was added to the journal; None if nothing is lost that was not accepted before.

    Raises:
        ConfigError: There is no reason.
        StageFileError: The stage file or its journal cannot be read or written, or is wrong.
        LedgerError: A path is not a state directory.
    """
    if not reason.strip():
        raise ConfigError("to accept lost messages needs a reason: the journal records why (--reason)")
    at = now or utc_now()
    looks = look_at(states, now=at)
    count = count_ledgers([look.ledger for look in looks], SEGMENT)
    file, journal = read_both(stage_file, now=at, states=states)
    losses = losses_of(looks, count, journal)
    if not (losses.marks or losses.counts):
        return None
    detail = f"{losses.late + losses.before:,} lost messages"
    change = Why(reason, by).line("accept", file.stage, file.stage, detail=detail, losses=losses, now=now)
    change_stage_file(stage_file, {}, change)
    remember(journal.with_line(change), stage_file, states)
    return change


def set_share(
    stage_file: Path, leg: Leg, share: float, *, reason: str = "", by: str | None = None, force: bool = False
) -> StageChange:
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
        force: Set it although messages on a deny list would be left without a leg; needs a reason.

    Raises:
        BlockedError: A message on a deny list would be left without a leg.
        ConfigError: There is no such leg, or `force` without a reason.
        StageFileError: The share is not between 0 and 1; or the file cannot be read or written, or is wrong.
    """
    return _set(stage_file, leg, "share", share, Why(reason, by, force), ())


def switch(
    stage_file: Path,
    leg: Leg,
    position: Switch,
    *,
    states: Sequence[Path] | None = None,
    reason: str = "",
    by: str | None = None,
    force: bool = False,
) -> StageChange:
    """Switch a leg on, off (messages stay on disk) or to discard (messages are dropped), at any stage.

    ```python
    switch(Path("stage.toml"), "customerio", Switch.OFF, reason="key was rotated")
    ```

    Args:
        stage_file: The stage file.
        leg: `customerio` or `segment`.
        position: On, off or discard.
        states: State directories of the processes: what waits there is what `discard` drops.
        reason: Why, for the journal.
        by: Who, for the journal; `user@host` if None.
        force: Discard although messages would be lost; needs a reason.

    Raises:
        BlockedError: `discard` would lose messages: the leg is the one that counts, or what waits for it has no other.
        ConfigError: There is no such leg, or `force` without a reason.
        StageFileError: The file cannot be read or written, or is wrong.
        LedgerError: A path is not a state directory.
    """
    lost = _lost_by_discarding(stage_file, leg, states) if position is Switch.DISCARD and leg in SIDES else ()
    return _set(stage_file, leg, "switch", position.value, Why(reason, by, force), lost)


def _set(
    stage_file: Path, leg: str, name: str, value: str | float, why: Why, obstacles: Sequence[Obstacle]
) -> StageChange:
    if leg not in SIDES:
        raise ConfigError(f"{leg} is not a leg; use customerio or segment")
    before = read_both(stage_file, now=utc_now())[0]
    edits: Edits = {(leg, name): value}
    known = without_a_leg(before, before.stage)
    new = [one for one in without_a_leg(edited_file(stage_file, edits), before.stage) if one not in known]
    obstacles = [*obstacles, *new]
    detail = f"{leg}.{name} = {value}"
    why.check(obstacles, f"cannot set {detail}")
    change = why.line(name, before.stage, before.stage, detail=detail, obstacles=obstacles)
    change_stage_file(stage_file, edits, change)
    return change


def _lost_by_discarding(stage_file: Path, leg: Leg, states: Sequence[Path] | None) -> list[Obstacle]:
    """Return what is lost if a leg discards: all of it where it counts, elsewhere what no other leg has or will get."""
    file = read_both(stage_file, now=utc_now())[0]
    stage = file.stage
    (other,) = (side for side in SIDES if side != leg)
    looks = look_at(states or (), now=utc_now())
    waiting = sum(look.status.legs[leg].pending for look in looks if leg in look.status.legs)
    lacking = way_back(count_ledgers([look.ledger for look in looks], other), other, waiting=0).waiting_elsewhere
    alone = lacking + sum(waiting_apart(look.status, leg) for look in looks)
    is_known = looks and all(look.status.is_complete for look in looks)
    dropped = f"{'' if is_known else 'at least '}{waiting:,} messages that wait for it would be dropped"
    if leg == stage.authoritative:
        return [Obstacle("discard", f"{leg} counts at {stage.value}: {dropped}, and all that come", leg)]
    if leg == CUSTOMERIO and file.handover is not None:
        return [Obstacle("discard", f"the hand-over leaves messages to {leg} alone: {dropped}, and all that come", leg)]
    if other == stage.left_out or getattr(file, other).switch is Switch.DISCARD:
        return [Obstacle("discard", f"{leg} is the only leg that takes messages: {dropped}, and all that come", leg)]
    if alone:
        return [Obstacle("discard", f"{dropped}, and {TITLES[other]} lacks {alone:,} of them", leg)]
    return []
