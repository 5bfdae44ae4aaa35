"""What an answer about the way back rests on: which directories, hosts and hours were looked at, and their gaps.

A ledger that is gone is not an empty one. So what it has is compared with what the processes report to have settled,
and how far it goes back with the journal. Each gap says what to give, so that the answer is no longer unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from pipelines_client.clock import iso_utc
from pipelines_client.cutover.journal import Journal
from pipelines_client.cutover.losses import BEYOND_SEGMENT, Losses, Unrecorded, find_losses
from pipelines_client.cutover.rollback import LedgerCount
from pipelines_client.delivery.status import Process, Status, read_status, why_unreadable
from pipelines_client.state.identity_key import IDENTITY_KEY_FILE
from pipelines_client.state.layout import StateDir
from pipelines_client.state.runfile import host_of
from pipelines_client.wording import plural

_LATER = timedelta(days=1)
"""Evidence that begins so much later than the stage has a gap; a stage may begin hours before its first message."""
_HOUR_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked at: directories, hosts by name, and since when there is evidence (None: there is none).

    `last_heard` has the directories of which no process was heard now, and when one was: a copy may be old.
    """

    directories: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    since: str | None = None
    hours: float = 0.0
    last_heard: tuple[tuple[str, str], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "state_directories": list(self.directories),
            "hosts": list(self.hosts),
            "since": self.since,
            "hours": round(self.hours, 1),
            "last_heard": dict(self.last_heard),
        }

    def __str__(self) -> str:
        count, hosts = len(self.directories), len(self.hosts)
        directories = f"{count} state director{'y' if count == 1 else 'ies'} ({', '.join(self.directories)})"
        named = f" of {hosts} host{'s' * (hosts != 1)} ({', '.join(self.hosts)})" if hosts else ""
        since = f", {self.hours:,.1f} hours since {self.since[:16]}Z" if self.since else ", without any record"
        heard = "".join(f"; no process of {path} was heard since {at[:16]}Z" for path, at in self.last_heard)
        return f"{directories}{named}{since}{heard}"


@dataclass(frozen=True, slots=True)
class StateLook:
    """One state directory: its status, and the first instant of which it has evidence."""

    path: Path
    status: Status
    first_at: str | None

    @property
    def ledger(self) -> Path:
        """The folder of its ledger."""
        return StateDir(self.path).ledger

    @property
    def hosts(self) -> set[str]:
        """The hosts whose processes wrote it."""
        names = {*self.status.writers, *(path.name.partition(".")[0] for path in self.ledger.rglob("*.jsonl*"))}
        return {host for name in names if (host := host_of(name))}

    @property
    def last_heard(self) -> str | None:
        """When one of its processes was heard last; None if one was heard just now, or none ever."""
        if any(process.is_heard for process in self.status.processes):
            return None
        return max(self.status.heard_at.values(), default=None)

    @property
    def is_empty(self) -> bool:
        """Whether no process has ever written it."""
        return self.first_at is None and not self.status.writers


def look_at(states: Sequence[Path], *, now: datetime) -> list[StateLook]:
    """Read state directories; one that is given twice is read once.

    Raises:
        LedgerError: A path is not a state directory.
    """
    looks: dict[Path, StateLook] = {}
    for state in states:
        place = state.resolve()
        if place not in looks:
            status = read_status(state, now=now)
            looks[place] = StateLook(state, status, _first_at(StateDir(state).ledger, status))
    return list(looks.values())


def _first_at(ledger: Path, status: Status) -> str | None:
    """Return the first day of a ledger, or the start of the first process that is known."""
    days = (f"{path.parent.name}T00:00:00.000Z" for path in ledger.rglob("*.jsonl*"))
    return min((at for at in (*days, status.started_at) if at), default=None)


def summary(looks: Sequence[StateLook], *, now: datetime) -> Looked:
    """Return what was looked at."""
    since = min((look.first_at for look in looks if look.first_at), default=None)
    hours = _hours(since, now) if since else 0.0
    hosts = sorted({host for look in looks for host in look.hosts})
    heard = ((str(look.path), at) for look in looks if (at := look.last_heard))
    return Looked(tuple(str(look.path) for look in looks), tuple(hosts), since, hours, tuple(heard))


def _hours(since: str, now: datetime) -> float:
    try:
        return max(0.0, (now - datetime.fromisoformat(since.replace("Z", "+00:00"))).total_seconds() / _HOUR_S)
    except (ValueError, TypeError):  # a folder that is not a day
        return 0.0


def find_gaps(looks: Sequence[StateLook], count: LedgerCount, journal: Journal) -> Iterator[str]:
    """Yield what is missing, in words with the cure. `count` is of the ledgers of `looks`."""
    yield from status_gaps(looks)
    for look in looks:
        expected, lacking = count.gaps(look.ledger, look.status.writers)
        if lacking:
            yield (
                f"{look.ledger} lacks {lacking:,} of {expected:,} outcomes that its processes report: it was cut, "
                "removed or is of another host; restore it, or give all directories with --state-dir"
            )
        if look.is_empty:
            yield f"{look.path} has no record of any process; give the directories of all hosts with --state-dir"
    if count.unread_lines:
        lines = plural(count.unread_lines, "line of the ledger is", "lines of the ledger are")
        yield f"{lines} unreadable; restore its files from a copy"
    yield from _hosts_left_out(looks, journal)
    yield from _late(looks, journal.first(BEYOND_SEGMENT), journal.earliest(BEYOND_SEGMENT))


def losses_of(looks: Sequence[StateLook], count: LedgerCount, journal: Journal) -> Losses:
    """Return what is lost, with the calls that have no record. `count` is of the ledgers of `looks`."""
    unrecorded = (
        Unrecorded(writer, number, look.status.heard_at.get(writer, ""))
        for look in looks
        for writer, number in count.unrecorded_drops(look.ledger, look.status.writers).items()
    )
    return find_losses(count.lost, unrecorded, journal)


def waiting_apart(status: Status, leg: str) -> int:
    """Return how many messages wait for a leg in clients that have no other one."""
    apart = (legs for writer, legs in status.writers.items() if host_of(writer) and set(legs) == {leg})
    return sum(legs[leg].pending for legs in apart)


def status_gaps(looks: Sequence[StateLook]) -> Iterator[str]:
    """Yield processes that are silent and files that are unreadable."""
    for look in looks:
        for process in look.status.silent:
            yield f"{process.silence}: {_where(process)}"
        for name in look.status.unreadable:
            yield f"{look.path}: {name} {why_unreadable(name)}"


def _where(process: Process) -> str:
    if process.silent_s < 0:
        return "what it reports cannot be placed in time"
    if process.is_living:
        return "it is suspended, or hangs; let it go on, or end it"
    return f"it ran on {host_of(process.path.stem)}; look there with pipelines-client status, or take a new copy"


def _hosts_left_out(looks: Sequence[StateLook], journal: Journal) -> Iterator[str]:
    """Yield the hosts that the last step looked at and this one does not, once Segment does not get everything."""
    looked = journal.looked
    if looked is None or journal.first(BEYOND_SEGMENT) is None:
        return
    lacking = sorted({*looked.hosts}.difference(*(look.hosts for look in looks)))
    if lacking:
        names = ", ".join(lacking)
        yield (
            f"the step of {looked.at[:16]}Z looked at the records of {names} too, which are not here; give the "
            "directories of all hosts with --state-dir"
        )


def _late(looks: Sequence[StateLook], known: str | None, earliest: str | None) -> Iterator[str]:
    """Yield that the evidence begins later than Segment lacks messages: over all directories, or in one that is older.

    `known` is when Segment first did not get everything, as the journal has it; `earliest` when that may have been.
    """
    first = min((look.first_at for look in looks if look.first_at), default=None)
    if known is not None and first is not None and first > _a_day_after(known):
        yield (
            f"the evidence begins on {first[:10]}, and Segment does not get everything since {known[:10]}; give the "
            "state directories of that time and of all hosts with --state-dir"
        )
        return
    for look in looks if earliest is not None else ():
        born = _born_at(look.path)
        if look.first_at and born and look.first_at > _a_day_after(max(earliest or "", born)):
            yield f"{look.path} is older than its ledger, which begins on {look.first_at[:10]}; restore what is missing"


def _a_day_after(at: str) -> str:
    try:
        return iso_utc(datetime.fromisoformat(at.replace("Z", "+00:00")) + _LATER)
    except OverflowError:
        return at


def _born_at(state: Path) -> str | None:
    """Return when a state directory was first used: its key is written once."""
    try:
        written_at = (state / IDENTITY_KEY_FILE).stat().st_mtime
        return iso_utc(datetime.fromtimestamp(written_at, tz=timezone.utc))
    except OSError:
        return None
