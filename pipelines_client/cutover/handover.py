"""The hand-over: from an instant on, Customer.io's leg takes over from Segment's own Customer.io destination.

What each message takes is decided once, by the process that takes it, and both sides see it: the leg sends the message,
and its batch to Segment says that the destination may not forward it. So no clock of another machine matters, and no
filter in Segment (docs/adr/0021). The instant says from when on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines_client.clock import iso_utc, utc_now
from pipelines_client.cutover.change import change_stage_file, read_both
from pipelines_client.cutover.gates import Obstacle
from pipelines_client.cutover.looking import look_at
from pipelines_client.cutover.moving import Why
from pipelines_client.errors import ConfigError
from pipelines_client.routing.consent import MARK, is_switched_off
from pipelines_client.routing.plan import Stage, Switch
from pipelines_client.routing.stagefile import StageFile
from pipelines_client.sides import CUSTOMERIO, SEGMENT
from pipelines_client.state.kept import INTEGRATIONS

_PLACE = ("handover", "at")


@dataclass(frozen=True, slots=True)
class Handover:
    """A planned hand-over.

    Attributes:
        at: From when on Customer.io's leg takes messages; aware.
        stage: The stage of the stage file now, which says which messages those are.
        skew_s: By how many seconds the hosts' clocks may be wrong.
        poll_s: Within how many seconds a process follows the stage file.
        waiting: How many messages wait for Segment now; None if no state directory was read.
        is_new: Whether the stage file was changed for it.
        now: When it was planned.
    """

    at: datetime
    stage: Stage
    skew_s: float = 0.0
    poll_s: float = 0.0
    waiting: int | None = None
    is_new: bool = False
    now: datetime = field(default_factory=utc_now)

    @property
    def first_at(self) -> datetime:
        """The earliest time at which a host changes over: its clock is ahead."""
        return _shifted(max(self.at, self.now), -self.skew_s if self.at > self.now else 0.0)

    @property
    def last_at(self) -> datetime:
        """The latest time at which a host changes over: its clock is behind, or it has just read the file."""
        return _shifted(max(self.at, self.now), self.skew_s + self.poll_s)

    @property
    def table(self) -> str:
        """The lines of the stage file."""
        return f'[handover]\nat = "{iso_utc(self.at)}"'

    @property
    def mark(self) -> str:
        """The `integrations` of batches to Segment whose messages Customer.io's leg takes, as JSON."""
        return json.dumps(dict(MARK))

    @property
    def filter(self) -> str:
        """What a filter of Segment's destination would drop, if it went by the time of receipt (FACTS R9)."""
        return f'received_at >= "{iso_utc(self.at)}"'

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "at": iso_utc(self.at),
            "stage": self.stage.value,
            "first_at": iso_utc(self.first_at),
            "last_at": iso_utc(self.last_at),
            "skew_s": self.skew_s,
            "stage_file": self.table,
            "integrations": dict(MARK),
            "filter_by_received_at": self.filter,
            "waiting_for_segment": self.waiting,
            "is_new": self.is_new,
        }


def hand_over(
    stage_file: Path,
    at: datetime | None,
    *,
    states: Sequence[Path] = (),
    skew_s: float = 0.0,
    poll_s: float = 0.0,
    why: Why | None = None,
    is_dry_run: bool = False,
    now: datetime | None = None,
) -> Handover:
    """Plan the hand-over at an instant, and write it into the stage file unless it says so already.

    ```python
    hand_over(Path("/etc/app/stage.toml"), datetime(2026, 12, 7, 9, tzinfo=timezone.utc), states=[Path("/var/lib/app")])
    ```

    Args:
        stage_file: The stage file, which exists.
        at: From when on Customer.io's leg takes messages, aware; one in the past means at once. None: what the file
            says, which is not changed.
        states: State directories of the processes.
        skew_s: By how many seconds the hosts' clocks may be wrong.
        poll_s: Within how many seconds a process follows the stage file.
        why: Who, why, and whether in spite of obstacles.
        is_dry_run: Write nothing.
        now: The time; None for the real one.

    Raises:
        BlockedError: Messages would reach Customer.io by no way, or Segment takes none.
        ConfigError: There is no hand-over in the file and `at` is None, or a forced change has no reason.
        StageFileError: The file cannot be read or written, or is wrong.
        LedgerError: A path is not a state directory.
        StateDamagedError: What the application keeps there is damaged.
    """
    now, why = now or utc_now(), why or Why()
    file, _ = read_both(stage_file, now=now)
    known = None if file.handover is None else datetime.fromisoformat(file.handover.at.replace("Z", "+00:00"))
    wanted = at or known
    if wanted is None:
        raise ConfigError(f"{stage_file} has no hand-over; plan one with --at, such as --at 2026-12-07T09:00:00Z")
    is_new = known is None or iso_utc(wanted) != iso_utc(known)
    _waiting(states, now)  # before anything is written: a wrong path is bad input
    obstacles = list(_obstacles(file, states)) if is_new else []
    why.check(obstacles, "cannot hand over")
    if is_new and not is_dry_run:
        detail = f"{'.'.join(_PLACE)} = {iso_utc(wanted)}"
        line = why.line("handover", file.stage, file.stage, detail=detail, obstacles=obstacles, now=now)
        change_stage_file(stage_file, {_PLACE: iso_utc(wanted)}, line)
    return Handover(
        wanted, file.stage, skew_s, poll_s, _waiting(states, now), is_new=is_new and not is_dry_run, now=now
    )


def _obstacles(file: StageFile, states: Sequence[Path]) -> Iterator[Obstacle]:
    if file.stage is Stage.COMPLETE:
        text = "at complete Segment takes nothing, so there is nothing to hand over"
        yield Obstacle("stage", text, can_be_forced=False)
    if file.customerio.switch is Switch.DISCARD:
        text = "Customer.io's leg discards what it takes, so that would reach Customer.io by no way; switch it on"
        yield Obstacle("discard", text, CUSTOMERIO)
    for state in states:
        if is_switched_off(INTEGRATIONS.read(state)):
            yield Obstacle(
                "integrations",
                f"the application of {state} tells Segment to forward nothing to Customer.io (segment_integrations), "
                "so what its leg does not take would reach Customer.io by no way; leave that setting out, and start "
                "it again: the hand-over says it of each message",
                SEGMENT,
            )


def _waiting(states: Sequence[Path], now: datetime) -> int | None:
    if not states:
        return None
    legs = (look.status.legs.get(SEGMENT) for look in look_at(states, now=now))
    return sum(leg.pending for leg in legs if leg is not None)


def _shifted(at: datetime, seconds: float) -> datetime:
    try:
        return at + timedelta(seconds=seconds)
    except OverflowError:  # beyond the calendar
        edge = datetime.min if seconds < 0 else datetime.max  # noqa: DTZ901 - it gets one
        return edge.replace(tzinfo=at.tzinfo)
