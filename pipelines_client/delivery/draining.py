"""Deliver what dead processes left in a state directory: `pipelines-client drain`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipelines_client.clock import monotonic_s, utc_now
from pipelines_client.config import Settings
from pipelines_client.delivery.lane import Lane
from pipelines_client.delivery.opening import MAX_ADOPTED, LaneOpener, make_folders
from pipelines_client.delivery.sending.context import Hooks
from pipelines_client.delivery.spool.leftovers import leftovers_in
from pipelines_client.delivery.spool.waiting import count_waiting
from pipelines_client.delivery.status import Process
from pipelines_client.errors import SpoolError
from pipelines_client.state.layout import StateDir, existing
from pipelines_client.state.runfile import RunFile, read_run_file

_STOP_TIMEOUT_S = 30.0
_STEP_S = 0.1


@dataclass(frozen=True, slots=True)
class Move:
    """Messages of a leg that were taken for one destination and that another one gets, both as fingerprints."""

    leg: str
    taken_for: str
    current: str
    messages: int


@dataclass(frozen=True, slots=True)
class Holder:
    """A living process that has messages in hand, by leg: a client, another drain, a replay or a backfill."""

    process: Process
    messages: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DrainResult:
    """Messages by leg: what this drain settled, and what is left in files that no living process owns.

    Attributes:
        settled: What this drain settled.
        left: What is left in the spools of dead processes.
        moved: What went to another destination than it was taken for.
        elsewhere: What is left because it would have to.
        interrupted: What killed replays and backfills had in hand: their repetition decides about it.
        held: What living processes have in hand: they deliver it, and no other process may.
        unreadable: Files that cannot be read, or were set aside as damaged: what is in them was not delivered.
    """

    settled: dict[str, int]
    left: dict[str, int]
    moved: tuple[Move, ...] = ()
    elsewhere: tuple[Move, ...] = ()
    interrupted: Mapping[str, int] = field(default_factory=dict)
    held: tuple[Holder, ...] = ()
    unreadable: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether no message waits in the state directory, as far as can be read."""
        counts = (*self.left.values(), *self.interrupted.values())
        return not (any(counts) or self.held or self.unreadable)


def drain(settings: Settings, *, timeout_s: float, to_current: bool = False) -> DrainResult:
    """Deliver what is in the spools of dead processes to the hosts and keys that it was taken for.

    Safe beside living processes and other drains: a lock lets one process adopt a file.

    Args:
        settings: Where the spools are, and the keys to deliver with.
        timeout_s: No request begins after this time; what is left then stays on disk. An answer is waited for, because
            messages whose answer is not recorded go again.
        to_current: Deliver to the hosts and keys of `settings`, whatever it was taken for.

    Raises:
        ConfigError: No key is set.
        SpoolError: The settings keep messages in memory.
        LedgerError: `state_dir` is not a state directory.
        OSError: It cannot be written.
    """
    changed = threading.Condition()

    def progressed() -> None:
        with changed:
            changed.notify_all()

    opener, state = _opener(settings, progressed)
    until = monotonic_s() + timeout_s
    tally = _DrainTally()
    lanes: list[Lane] = []
    closed: list[Lane] = []

    def close(lane: Lane) -> None:
        lane.stop(monotonic_s() + _STOP_TIMEOUT_S)  # the answer to a request under way is worth the wait
        tally.add(lane)
        lane.close()
        lanes.remove(lane)
        closed.append(lane)

    try:
        while (seconds := until - monotonic_s()) > 0:
            for lane in [lane for lane in lanes if lane.is_done]:
                close(lane)
            lanes += opener.adopt_dead(held=[*lanes, *closed], most=MAX_ADOPTED - len(lanes), any_key=to_current)
            if not lanes and not opener.leased_until:
                break
            with changed:
                changed.wait(min(seconds, _STEP_S))
    finally:
        for lane in lanes:
            lane.stop(0.0)  # all are told before the first is waited for
        for lane in list(lanes):
            close(lane)
    return tally.result(state, {each.name: each.fingerprint for each in settings.destinations()})


class _DrainTally:
    """Counts what lanes had when they were opened and what they had left."""

    def __init__(self) -> None:
        self._settled = Counter[str]()
        self._moved = Counter[tuple[str, str, str]]()

    def add(self, lane: Lane) -> None:
        """Count a lane that has stopped."""
        for leg, mark in lane.spool.legs.items():
            settled = lane.taken_over[leg] - lane.spool.pending(leg)
            self._settled[leg] += settled
            sender = lane.senders.get(leg)
            if sender is not None and sender.destination.fingerprint != mark and settled:
                self._moved[leg, mark, sender.destination.fingerprint] += settled

    def result(self, state: StateDir, ours: Mapping[str, str]) -> DrainResult:
        """Return the counts, with what is in the state directory now; `ours` are the fingerprints that we send to."""
        spools, runs = leftovers_in(state.spool), leftovers_in(state.replays)
        moved = (Move(*places, messages) for places, messages in sorted(self._moved.items()))
        elsewhere = (
            Move(leg, mark, ours[leg], messages)
            for (leg, mark), messages in sorted(spools.messages.items())
            if messages and ours.get(leg, mark) != mark
        )
        return DrainResult(
            settled=dict(sorted(self._settled.items())),
            left=_by_leg(spools.messages),
            moved=tuple(moved),
            elsewhere=tuple(elsewhere),
            interrupted=+Counter(_by_leg(runs.messages)),
            held=tuple(_holders(state, [*spools.owned, *runs.owned])),
            unreadable=(*spools.unreadable, *runs.unreadable),
        )


def _by_leg(messages: Counter[tuple[str, str]]) -> dict[str, int]:
    counts = Counter[str]()
    for (leg, _), count in messages.items():
        counts[leg] += count
    return dict(sorted(counts.items()))


def _holders(state: StateDir, owned: list[Path]) -> Iterator[Holder]:
    """Yield the living processes that have messages in their spools."""
    for path in owned:
        messages = count_waiting(path)
        if messages:
            file, now = state.run / f"{path.stem}.json", utc_now()
            run = read_run_file(file) or RunFile({}, updated_at=now.isoformat())  # it has just begun
            yield Holder(Process(file, run, is_living=True, silent_s=run.silent_s(now)), messages)


def _opener(settings: Settings, on_progress: Callable[[], None]) -> tuple[LaneOpener, StateDir]:
    """Return what opens the spools of the state directory, which must exist, and that."""
    hooks = Hooks(on_progress=on_progress)
    opener = LaneOpener(settings, settings.destinations(), settings.stage_watch(), hooks=hooks)
    if opener.state is None:
        raise SpoolError('spool="memory" leaves nothing to drain; set spool="disk"')
    make_folders(existing(opener.state.place))
    return opener, opener.state
