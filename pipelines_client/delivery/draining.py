"""Deliver what dead processes left in a state directory: `pipelines-client drain`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipelines_client.clock import monotonic_s
from pipelines_client.config import Settings
from pipelines_client.delivery.lane import Lane
from pipelines_client.delivery.opening import MAX_ADOPTED, LaneOpener, make_folders
from pipelines_client.delivery.sending.context import Hooks
from pipelines_client.errors import SpoolError
from pipelines_client.state.layout import existing

_STOP_TIMEOUT_S = 1.0
_STEP_S = 0.1


@dataclass(frozen=True, slots=True)
class Move:
    """Messages of a leg that were taken for one destination and that another one gets, both as fingerprints."""

    leg: str
    taken_for: str
    current: str
    messages: int


@dataclass(frozen=True, slots=True)
class DrainResult:
    """Messages by leg: what this drain settled, and what is left in files that no living process owns.

    `moved` went to another destination than they were taken for; `elsewhere` are left because they would have to.
    """

    settled: dict[str, int]
    left: dict[str, int]
    moved: tuple[Move, ...] = ()
    elsewhere: tuple[Move, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left."""
        return not any(self.left.values())


def drain(settings: Settings, *, timeout_s: float, to_current: bool = False) -> DrainResult:
    """Deliver what is in the spools of dead processes to the hosts and keys that it was taken for.

    Safe beside living processes and other drains: a lock lets one process adopt a file.

    Args:
        settings: Where the spools are, and the keys to deliver with.
        timeout_s: Time limit; what is left then stays on disk.
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

    opener = _opener(settings, progressed)
    until = monotonic_s() + timeout_s
    tally = _DrainTally()
    lanes: list[Lane] = []
    closed: list[Lane] = []

    def close(lane: Lane) -> None:
        lane.stop(monotonic_s() + _STOP_TIMEOUT_S)
        tally.add(lane)
        lane.close()
        lanes.remove(lane)
        closed.append(lane)

    while (seconds := until - monotonic_s()) > 0:
        for lane in [lane for lane in lanes if lane.is_done]:
            close(lane)
        lanes += opener.adopt_dead(held=[*lanes, *closed], most=MAX_ADOPTED - len(lanes), any_key=to_current)
        if not lanes and not opener.leased_until:
            break
        with changed:
            changed.wait(min(seconds, _STEP_S))
    for lane in list(lanes):
        close(lane)
    return tally.result(opener.left_behind(), {each.name: each.fingerprint for each in settings.destinations()})


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

    def result(self, left: Counter[tuple[str, str]], ours: Mapping[str, str]) -> DrainResult:
        """Return the counts; `left` is by leg and fingerprint, `ours` are the fingerprints that we send to."""
        by_leg = Counter[str]()
        for (leg, _), messages in left.items():
            by_leg[leg] += messages
        elsewhere = (
            Move(leg, mark, ours[leg], messages)
            for (leg, mark), messages in sorted(left.items())
            if messages and ours.get(leg, mark) != mark
        )
        moved = (Move(*places, messages) for places, messages in sorted(self._moved.items()))
        return DrainResult(
            dict(sorted(self._settled.items())), dict(sorted(by_leg.items())), tuple(moved), tuple(elsewhere)
        )


def _opener(settings: Settings, on_progress: Callable[[], None]) -> LaneOpener:
    """Return what opens the spools of the state directory, which must exist."""
    hooks = Hooks(on_progress=on_progress)
    opener = LaneOpener(settings, settings.destinations(), settings.stage_watch(), hooks=hooks)
    if opener.state is None:
        raise SpoolError('spool="memory" leaves nothing to drain; set spool="disk"')
    make_folders(existing(opener.state.place))
    return opener
