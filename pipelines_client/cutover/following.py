"""Whether the running processes follow the stage file: each says in its run file which content it goes by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines_client.clock import monotonic_after, monotonic_s, pause, utc_now
from pipelines_client.delivery.status import Process, read_status
from pipelines_client.errors import LedgerError, StageFileError
from pipelines_client.routing.stagefile import mark_of, parse_stage_file, read_stage_bytes
from pipelines_client.signals import let_through
from pipelines_client.state.runfile import NO_STAGE_FILE, RunFile, host_of, read_run_file

_LOOK_EVERY_S = 0.1
_NO_FILE = "goes by its own settings (stage {}); it was given no stage file: start it with PIPELINES_STAGE_FILE"
_OTHER = "goes by another content of the stage file (stage {}): it looks again soon, or it was given another file"


@dataclass(frozen=True, slots=True)
class Following:
    """How many running processes follow the stage file, and what is known of the others.

    Attributes:
        count: Processes that follow it.
        behind: One line for each that does not, or was not heard: its name and why.
        is_known: Whether the state directories could be read.
    """

    count: int = 0
    behind: tuple[str, ...] = ()
    is_known: bool = True

    @property
    def is_complete(self) -> bool:
        """Whether every process that runs follows it."""
        return self.is_known and not self.behind

    def __str__(self) -> str:
        total = self.count + len(self.behind)
        if not self.is_known:
            return "whether the processes follow is not known: no state directory was read (--state-dir)"
        if not total:
            return "no process runs"
        said = "the running process follows" if total == 1 else f"{self.count} of {total} running processes follow"
        return said if not self.behind else f"{self.count} of {total} running processes follow"


def wait_for_processes(stage_file: Path, states: Sequence[Path], *, limit_s: float) -> Following:
    """Wait until every running process follows the stage file, for `limit_s` seconds at most.

    A process that is idle looks into the file with its next call, or within ten seconds.

    Args:
        stage_file: The stage file.
        states: State directories of the processes.
        limit_s: Seconds.
    """
    until = monotonic_after(limit_s)
    try:
        processes = [process for state in states for process in read_status(state, now=utc_now()).processes]
    except LedgerError as error:
        let_through(error)
        return Following(is_known=False)
    while True:
        behind = [(process, why) for process in processes if (why := _why_behind(process, stage_file))]
        if not behind or monotonic_s() >= until:
            told = tuple(f"{process.name}: {why}" for process, why in behind)
            return Following(len(processes) - len(behind), told)
        pause(_LOOK_EVERY_S)


def mark_of_file(stage_file: Path) -> str | None:
    """Return the mark of a stage file's content; None if it cannot be read."""
    try:
        return mark_of(read_stage_bytes(stage_file))
    except OSError as error:
        let_through(error)
        return None


def why_apart(writer: str, run: RunFile, mark: str | None) -> str:
    """Return why a process does not go by a stage file of this mark, as far as its run file says; empty if it does.

    A replay or a backfill has no stage, so it is never apart.
    """
    known = run.stage_file_mark
    if known is None or host_of(writer) is None:
        return ""
    if known == NO_STAGE_FILE:
        return _NO_FILE.format(run.stage or "unknown")
    return "" if mark is None or known == mark else _OTHER.format(run.stage or "unknown")


def _why_behind(process: Process, stage_file: Path) -> str | None:
    """Return why a process does not follow the file, as far as its run file says; None if it does, or was stopped."""
    run = read_run_file(process.path)
    if run is None or run.state != "running":
        return None
    silent_s = run.silent_s(utc_now())
    try:
        content = read_stage_bytes(stage_file)
        mark, stage = mark_of(content), parse_stage_file(content).stage.value
    except (OSError, StageFileError) as error:
        let_through(error)
        return "the stage file cannot be read"
    if run.stage_file_error:
        return f"cannot use the stage file ({run.stage_file_error})"
    if run.stage_file_mark == mark or (run.stage_file_mark is None and run.stage == stage):
        return None
    if run.stage_file_mark == NO_STAGE_FILE:
        return _NO_FILE.format(run.stage or "unknown")
    return f"still at stage {run.stage or 'unknown'}, last heard {silent_s:,.0f} s ago; it follows with its next call"
