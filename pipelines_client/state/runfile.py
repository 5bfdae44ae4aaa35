"""The run file: what one writer reports about its legs, its stage and itself, as one model.

Each writer replaces `<state_dir>/run/<writer>.json` about once a second while it has something to do. `delivery` writes
it; `status`, `cutover` and parity read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from pipelines_client.clock import utc_now
from pipelines_client.errors import StateDamagedError
from pipelines_client.files import read_regular, replace_file
from pipelines_client.signals import let_through, suppressing
from pipelines_client.state.guarded import guarded
from pipelines_client.state.layout import StateDir

NO_STAGE_FILE = "none"
"""The mark of a process that was given no stage file."""
_WRITER = re.compile(r"(.+)-\d+-[0-9a-f]+")
_KEPT_S = 30 * 86_400
_COUNTS = ("recorded", "pending", "accepted")
_LATER_COUNTS = ("resent",)
_BY_REASON = ("rejected", "dropped", "skipped")
_LEG_TEXTS = ("oldest_pending_at", "last_success_at", "last_error_at", "last_error", "failing_since", "state")
_TEXTS = ("writer", "started_at", "updated_at", "stage", "stage_file_error", "stage_file_mark", "state")


@dataclass(frozen=True, slots=True)
class LegReport:
    """One leg of one writer. Counts are of messages, three of them by reason; instants are ISO-8601 UTC text.

    `recorded` is counted apart from the others, so that `recorded = pending + outcomes` is a check. `resent` messages
    were sent again because a process died before their answer was settled.
    """

    recorded: int
    pending: int
    accepted: int
    rejected: Mapping[str, int]
    dropped: Mapping[str, int]
    skipped: Mapping[str, int]
    resent: int = 0
    oldest_pending_at: str | None = None
    last_success_at: str | None = None
    last_error_at: str | None = None
    last_error: str | None = None
    failing_since: str | None = None
    state: str = "ok"

    def lag_s(self, now: datetime) -> float | None:
        """Return the age of the oldest message that waits, in seconds; None if no message waits."""
        if self.oldest_pending_at is None:
            return None
        age = now - datetime.fromisoformat(self.oldest_pending_at.replace("Z", "+00:00"))
        return max(0.0, round(age.total_seconds(), 1))


@dataclass(frozen=True, slots=True)
class RunFile:
    """What one writer reports; `state` is `running`, `stopped` (until the next call) or `closed`.

    `stage_file_mark` is that of the content of the stage file that is in force, or `NO_STAGE_FILE`. It is None where
    the file cannot be used, and in run files of earlier versions.
    """

    legs: Mapping[str, LegReport]
    writer: str = ""
    pid: int | None = None
    started_at: str = ""
    updated_at: str = ""
    stage: str | None = None
    stage_file_error: str | None = None
    stage_file_mark: str | None = None
    state: str = "running"

    def says_same(self, other: RunFile | None) -> bool:
        """Return whether another one differs only in when it was written."""
        return other is not None and replace(other, updated_at=self.updated_at) == self

    def silent_s(self, now: datetime) -> float:
        """Return the seconds since it was written; infinite if it does not say when."""
        try:
            updated_at = datetime.fromisoformat(self.updated_at.replace("Z", "+00:00"))
            return (now - updated_at).total_seconds()
        except (ValueError, TypeError):  # not an instant, or one without a zone
            return float("inf")

    def write(self, path: Path) -> None:
        """Replace the file.

        Raises:
            OSError: It cannot be written.
        """
        replace_file(path, orjson.dumps(self))


def host_of(writer: str) -> str | None:
    """Return the host in the name of a writer, `<host>-<pid>-<random>`; None if it has none."""
    found = _WRITER.fullmatch(writer)
    return found[1] if found else None


def read_run_file(path: Path) -> RunFile | None:
    """Return what a run file says; None if it is gone, damaged or written by an incompatible version."""
    try:
        return guarded(_parsed, read_regular(path), path=path)
    except (OSError, StateDamagedError) as error:
        let_through(error)
        return None


def _parsed(data: bytes) -> RunFile:
    content = orjson.loads(data)
    legs = {str(leg): _leg(about) for leg, about in content["legs"].items()}
    return RunFile(legs, pid=content.get("pid"), **_texts(content, _TEXTS))


def read_run_files(folder: Path) -> Iterator[tuple[Path, RunFile | None]]:
    """Yield the path and content of each run file in a folder; see `read_run_file`."""
    for path in sorted(folder.glob("*.json")):
        yield path, read_run_file(path)


def forget_ended(state: StateDir) -> None:
    """Remove the run files of writers that ended a month ago and left no message: each process leaves one file."""
    old = utc_now().timestamp() - _KEPT_S
    for file in state.run.glob("*.json"):
        with suppressing(FileNotFoundError):  # another process does the same
            if file.stat().st_mtime < old and not (state.spool / f"{file.stem}.db").exists():
                file.unlink()


def _leg(content: dict[str, Any]) -> LegReport:
    values: dict[str, Any] = {name: int(content[name]) for name in _COUNTS}
    values |= {name: int(content.get(name, 0)) for name in _LATER_COUNTS}
    values |= {name: {str(reason): int(count) for reason, count in content[name].items()} for name in _BY_REASON}
    leg = LegReport(**values, **_texts(content, _LEG_TEXTS))
    leg.lag_s(utc_now())  # raises if it is not an instant
    return leg


def _texts(content: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: str(content[name]) for name in names if content.get(name) is not None}
