"""The history of parity runs: a file of JSON lines to which each run appends one. Lines are never changed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict

from pipelines_client.errors import SourceError
from pipelines_client.files import append_line, locked_log, read_log
from pipelines_client.parity.judgement.gates import DRIFT, MISSING
from pipelines_client.parity.model import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines_client.parity.model import ParityReport

HISTORY_FILE = "parity-history.jsonl"
"""Where the history is kept unless another file is named: in the working directory."""

_MARK_CHARACTERS = 16


class Run(BaseModel):
    """One run, as its line has it.

    It ran `at` an instant (UTC, ISO-8601 with milliseconds), over a window whose end is not included; None is open.
    `gates` is a hash of the gates and limits: only runs with the same hash are compared. `missing_pct` is the largest
    share that a side lacks, `drift_pct` the share of compared payloads that differ. `broken` gates did not pass.
    """

    model_config = ConfigDict(frozen=True)  # a later version may add fields to a line

    at: str
    verdict: Verdict
    since: str | None
    until: str | None
    gates: str
    messages: int
    missing_pct: float
    drift_pct: float
    broken: tuple[str, ...]

    @property
    def day(self) -> str:
        """Return the UTC day."""
        return self.at[:10]


class History(NamedTuple):
    """The runs that are known, oldest line first, and how many lines could not be read."""

    runs: tuple[Run, ...] = ()
    unread_lines: int = 0


def run_of(report: ParityReport) -> Run:
    """Return what the history keeps of a report."""
    whole = [gate for gate in report.gates if not gate.event]
    return Run(
        at=report.generated_at,
        verdict=report.verdict,
        since=report.window.since,
        until=report.window.until,
        gates=_mark(report),
        messages=report.totals.messages,
        missing_pct=max((gate.actual for gate in whole if gate.kind == MISSING.name), default=0.0),
        drift_pct=next((gate.actual for gate in whole if gate.kind == DRIFT.name), 0.0),
        broken=tuple(
            f"{gate.name} of {gate.event}" if gate.event else gate.name
            for gate in report.gates
            if gate.result != "passed"
        ),
    )


def read_history(path: Path) -> History:
    """Return the runs in a file, or none if it does not exist.

    A line that cannot be read is counted and skipped: a kill may tear the last one.

    Raises:
        SourceError: The file exists and cannot be read.
    """
    try:
        return History(*read_log(path, Run.model_validate_json))
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}; --history names another file, --no-history keeps none") from None


def append_run(path: Path, report: ParityReport) -> None:
    """Append a line for a report, whole or not at all, even if other processes append at the same time.

    Raises:
        OSError: It cannot be written.
    """
    line = run_of(report).model_dump_json().encode()
    with locked_log(path) as file:
        append_line(file, line)


def _mark(report: ParityReport) -> str:
    limits = sorted((gate.name, gate.event, gate.limit, gate.unit) for gate in report.gates)
    return hashlib.sha256(json.dumps(limits).encode()).hexdigest()[:_MARK_CHARACTERS]
