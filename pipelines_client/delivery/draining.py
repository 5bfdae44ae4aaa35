"""Deliver what dead processes left in a state directory: `pipelines-client drain`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
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
class DrainResult:
    """Messages by leg: what this drain settled, and what is left in files that no living process owns."""

    settled: dict[str, int]
    left: dict[str, int]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left."""
        return not any(self.left.values())


def drain(settings: Settings, *, timeout_s: float) -> DrainResult:
    """Deliver everything in the spools of dead processes to the legs that have keys, whatever key it was meant for.

    Safe beside living processes and other drains: a lock lets one process adopt a file.

    Args:
        settings: Where the spools are, and the keys to deliver with.
        timeout_s: Time limit; what is left then stays on disk.

    Raises:
        ConfigError: No key is set.
        SpoolError: The settings keep messages in memory.
        LedgerError: `state_dir` is not a state directory.
        OSError, sqlite3.Error: It cannot be written.
    """
    changed = threading.Condition()

    def progressed() -> None:
        with changed:
            changed.notify_all()

    opener = _opener(settings, progressed)
    until = monotonic_s() + timeout_s
    before, after = Counter[str](), Counter[str]()
    lanes: list[Lane] = []
    closed: list[Lane] = []

    def close(lane: Lane) -> None:
        lane.stop(monotonic_s() + _STOP_TIMEOUT_S)
        before.update(lane.taken_over)
        after.update({leg: lane.spool.pending(leg) for leg in lane.spool.legs})
        lane.close()
        lanes.remove(lane)
        closed.append(lane)

    while (seconds := until - monotonic_s()) > 0:
        for lane in [lane for lane in lanes if lane.is_done]:
            close(lane)
        lanes += opener.adopt_dead(held=[*lanes, *closed], most=MAX_ADOPTED - len(lanes), any_key=True)
        if not lanes:
            break
        with changed:
            changed.wait(min(seconds, _STEP_S))
    for lane in list(lanes):
        close(lane)
    settled = {leg: before[leg] - after[leg] for leg in sorted(before)}
    return DrainResult(settled, dict(sorted(opener.left_behind().items())))


def _opener(settings: Settings, on_progress: Callable[[], None]) -> LaneOpener:
    """Return what opens the spools of the state directory, which must exist."""
    hooks = Hooks(on_progress=on_progress)
    opener = LaneOpener(settings, settings.destinations(), settings.stage_watch(), hooks=hooks)
    if opener.state is None:
        raise SpoolError('spool="memory" leaves nothing to drain; set spool="disk"')
    make_folders(existing(opener.state.path))
    return opener
