"""The history of parity runs: a file of JSON lines to which each run appends one. Lines are never changed."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pipelines_client.clock import iso_utc
from pipelines_client.errors import SourceError
from pipelines_client.parity.judgement.gates import DRIFT, MISSING
from pipelines_client.parity.model import Verdict
from pipelines_client.state.lines import append_line, locked_log, read_log

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from pipelines_client.parity.model import ParityReport

HISTORY_FILE = "parity-history.jsonl"
"""Where the history is kept unless another file is named: in the working directory."""


def instant_of(text: str) -> datetime:
    """Return an instant as a line has it.

    Raises:
        ValueError: There is no such instant in UTC.
    """
    try:
        at = datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith("Z") else text)
        return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except OverflowError:
        raise ValueError(f"{text} is not an instant") from None


Instant = Annotated[str, AfterValidator(lambda text: iso_utc(instant_of(text)))]
"""ISO-8601, UTC, with milliseconds: so instants are in order as texts are. Another spelling is read as this one."""


class Run(BaseModel):
    """One run, as its line has it.

    It ran `at` an instant, over messages that were taken in a window whose end is not included; None is open. What was
    taken before `settled_until` will not be judged again. `gates` is a mark of the gates and limits: only runs with the
    same mark are compared, and none that `is_exploratory`. `sources` were compared, `newest` says when the newest
    judged message of each was taken, `applications` are marks of the ledger's keys. A line of an early version has none
    of the three, and is taken to have seen all that there was when it ran. `meant` counts the messages that each side
    should have. `missing_pct` is the share that the worse side lacks, `drift_pct` the share of compared payloads that
    differ at the worse side. `broken` gates did not pass.
    """

    model_config = ConfigDict(frozen=True)  # a later version may add fields to a line

    at: Instant
    verdict: Verdict
    since: Instant | None
    until: Instant | None
    settled_until: Instant | None = None
    gates: str
    is_exploratory: bool = False
    sources: tuple[str, ...] = ()
    newest: dict[str, Instant | None] = {}
    applications: tuple[str, ...] = ()
    messages: int
    meant: dict[str, int] = Field(default_factory=dict)
    missing_pct: float
    drift_pct: float
    broken: tuple[str, ...]

    @property
    def day(self) -> str:
        """Return the UTC day."""
        return self.at[:10]

    def newest_of(self, side: str) -> str:
        """Return when the newest judged message of a side was taken, or an empty text."""
        return self.newest.get(side) or ("" if self.sources else self.at)

    def covers(self, other: Run) -> bool:
        """Whether this run's window and sources contain those of another one."""
        return (
            (self.since is None or (other.since is not None and self.since <= other.since))
            and (self.until is None or (other.until is not None and self.until >= other.until))
            and set(self.sources) >= set(other.sources)
        )


class History(NamedTuple):
    """The runs that are known, oldest line first, and how many lines could not be read."""

    runs: tuple[Run, ...] = ()
    unread_lines: int = 0


def run_of(report: ParityReport) -> Run:
    """Return what the history keeps of a report."""
    whole, judged = [gate for gate in report.gates if not gate.event], report.judged
    return Run(
        at=report.generated_at,
        verdict=report.verdict,
        since=judged.since,
        until=judged.until,
        settled_until=judged.settled_until,
        gates=judged.limits,
        is_exploratory=judged.is_exploratory,
        sources=judged.sources,
        newest=judged.newest,
        applications=judged.applications,
        messages=report.totals.messages,
        meant={side: there.meant for side, there in report.totals.sides.items()},
        missing_pct=max((gate.actual for gate in whole if gate.kind == MISSING.name), default=0.0),
        drift_pct=max((gate.actual for gate in whole if gate.kind == DRIFT.name), default=0.0),
        broken=tuple(
            f"{gate.name} of {gate.event}" if gate.event else gate.name
            for gate in report.gates
            if gate.result != "passed"
        ),
    )


def last_end(runs: Sequence[Run], sources: Collection[str], applications: Collection[str]) -> str | None:
    """Return up to when earlier runs have judged what these sources hold; None if none has judged from the beginning.

    A run that was inconclusive has judged nothing: the next one takes its window up again. Nor does a run count that
    lacked one of the sources, saw another application's ledger, used other limits than those of the file, or began
    later than the runs before had come.
    """
    reached = None
    for run in runs:
        has_seen = set(run.sources) >= set(sources) and is_of(run, applications)
        if run.verdict is Verdict.INCONCLUSIVE or run.is_exploratory or not has_seen or run.settled_until is None:
            continue
        if run.since is None or (reached is not None and run.since <= reached):
            reached = max(reached or run.settled_until, run.settled_until)
    return reached


def is_of(run: Run, applications: Collection[str]) -> bool:
    """Whether a run saw the ledgers of all these applications; True if none is known or its line does not say."""
    return not run.sources or set(run.applications) >= set(applications)


def read_history(path: Path) -> History:
    """Return the runs in a file, or none if it does not exist.

    A line that cannot be read is counted and skipped: a kill may tear the last one.

    Raises:
        SourceError: The file exists and cannot be read.
    """
    try:
        return History(*read_log(path, Run.model_validate_json))
    except OSError as error:
        raise SourceError(
            f"{path}: {error.strerror}; --history names another file, and in parity --no-history keeps none"
        ) from None


def append_run(path: Path, report: ParityReport) -> None:
    """Append a line for a report, whole or not at all, even if other processes append at the same time.

    Raises:
        OSError: It cannot be written.
    """
    line = run_of(report).model_dump_json().encode()
    with locked_log(path) as file:
        append_line(file, line)
