"""What a leg has not received, counted in the ledger: messages to replay, messages that wait, and lost ones.

There are three answers. `safe`: it is proven that the leg has received everything. `not safe`: it lacks messages, and
how many. `unknown`: the evidence has a gap, so that no count proves anything (docs/adr/0017).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines_client.cutover.gates import Obstacle
from pipelines_client.cutover.journal import Journal
from pipelines_client.cutover.losses import BEYOND_SEGMENT, LOST, Losses, find_losses, mark_of_lost
from pipelines_client.routing.plan import Stage
from pipelines_client.sides import SIDES, TITLES
from pipelines_client.state.ledger import REFUSED_REASONS, Outcome, is_meant
from pipelines_client.state.tears import LedgerReading, Record

_KEPT = (Outcome.ACCEPTED.value, Outcome.REJECTED.value)
"""Outcomes after which a message can still be sent again: from the other side, or from the dead letters."""
_REPLAY = "pipelines-client replay --to {leg} --from ledger+archive --archive PATH"
_IS_KEPT, _IS_DECIDED = 1, 2
"""Of a message that the leg lacks: it can be sent again; the other leg has had its outcome."""
_MARKS = _IS_KEPT | _IS_DECIDED
_FIRST_DESTINATION = _MARKS + 1
"""The bits above the marks say for which destinations the message was taken: the first one, the second, and so on."""
_STAGES = frozenset(stage.value for stage in Stage)
"""What a client's records have as stage; those of replays, backfills and requeued letters name these."""
_BEYOND = frozenset(stage.value for stage in BEYOND_SEGMENT)
_ACCEPT = "pipelines-client cutover accept --reason WHY"


@dataclass(frozen=True, slots=True)
class WayBack:
    """What the leg to roll back to has not received.

    Attributes:
        leg: The leg.
        to_replay: Messages that it never got and that exist elsewhere: a replay sends them.
        waiting: Messages that wait for it in a spool and go by themselves.
        is_held_up: Whether they have waited for long or the leg is unhealthy, so that it is unknown when they go.
        waiting_elsewhere: Messages that wait for the other leg and will not go to this one: a replay sends them later.
        lost: Messages that no leg got since Segment no longer counts, so only a copy elsewhere can be sent.
        lost_before: Messages that no leg got while Segment counted: a step back changes nothing about them.
        accepted: Messages that no leg got, and that were accepted as lost (`actions.accept_lost`).
        unread_lines: Files and lines of the ledger that could not be read (`state.tears`).
        unknown: Why the counts may be too low, and what to give. Empty: they are complete.
        is_flowing: Whether a process runs, so that new messages come all the time.
    """

    leg: str
    to_replay: int
    waiting: int
    is_held_up: bool = False
    waiting_elsewhere: int = 0
    lost: int = 0
    lost_before: int = 0
    accepted: int = 0
    unread_lines: int = 0
    unknown: tuple[str, ...] = ()
    is_flowing: bool = False

    @property
    def answer(self) -> str:
        """`safe`, `not safe` or `unknown`."""
        if self.unknown:
            return "unknown"
        lost = self.lost or self.lost_before
        return "not safe" if self.to_replay or self.waiting or self.waiting_elsewhere or lost else "safe"

    @property
    def is_safe(self) -> bool:
        """Whether it is proven that the leg has received everything, apart from what was accepted as lost."""
        return self.answer == "safe"

    @property
    def replay(self) -> str:
        """The command that sends what the leg lacks."""
        return _REPLAY.format(leg=self.leg)

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """What blocks a rollback: what a replay after it cannot mend; while no process runs, also what it can."""
        return tuple(Obstacle(kind, text, self.leg) for kind, text in self._reasons())

    def _reasons(self) -> Iterator[tuple[str, str]]:
        title, other = TITLES[self.leg], TITLES[_other(self.leg)]
        for text in self.unknown:
            yield "unknown", text
        if self.lost:
            text = f"{self.lost:,} messages reached neither side, so none can be replayed to {title} from there"
            yield LOST, f"{text}; replay them from a file that has them, or: {_ACCEPT}"
        if self.waiting and (self.is_held_up or not self.is_flowing):
            cure = "repair that leg, or wait" if self.is_flowing else "first: pipelines-client drain"
            yield "waiting", f"{self.waiting:,} messages for {title} are held up; {cure}"
        if self.is_flowing:
            return
        if self.waiting_elsewhere:
            text = f"{self.waiting_elsewhere:,} messages that {title} lacks wait for {other}"
            yield "waiting", f"{text}; first: pipelines-client drain, then replay"
        if self.to_replay:
            yield "replay", f"{self.to_replay:,} messages never reached {title}; first: {self.replay}"


@dataclass(slots=True)
class LedgerCount:
    """What one pass over ledgers found.

    `lacking` holds the messages that the leg has not received, by the hash of their id; see `_IS_KEPT` and
    `_FIRST_DESTINATION`. `settled` counts records by folder, writer, leg and outcome. `served` are the writers that had
    a key for the leg, and `destinations` the fingerprints of what they sent to, with the bit of each. `latest` is the
    one that a client used last, and when. `lost` holds the messages that no leg got, by their mark, and whether they
    were taken since Segment no longer counts.
    """

    lacking: dict[int, int] = field(default_factory=dict)
    served: set[str] = field(default_factory=set)
    destinations: dict[str, int] = field(default_factory=dict)
    latest: tuple[str, str] = ("", "")
    settled: dict[Path, Counter[tuple[str, str, str]]] = field(default_factory=dict)
    lost: dict[str, bool] = field(default_factory=dict)
    unread_lines: int = 0

    def gaps(self, folder: Path, writers: Mapping[str, Any]) -> tuple[int, int]:
        """Return how many outcomes a state directory's writers report, and how many of them its ledger lacks.

        Records may be more than the reported ones: a crash repeats some. They may be fewer only for calls that were
        refused in numbers, which are counted and not all recorded (`delivery.refusing`); those are among the dropped.
        """
        found, expected, lacking = self.settled.get(folder, Counter()), 0, 0
        for writer, legs in writers.items():
            short = {leg: _short(report, leg, writer, found) for leg, report in legs.items()}
            unrecorded = sum(each[Outcome.DROPPED.value] for each in short.values())
            for leg, report in legs.items():
                expected += report.accepted + sum(report.rejected.values()) + sum(report.skipped.values())
                lacking += short[leg][Outcome.ACCEPTED.value] + short[leg][Outcome.REJECTED.value]
                lacking += max(0, short[leg][Outcome.SKIPPED.value] - unrecorded)
        return expected, lacking

    def unrecorded_drops(self, folder: Path, writers: Mapping[str, Any]) -> dict[str, int]:
        """Return how many calls of each writer were lost without a record: they are in its counts alone.

        Which reason the unrecorded ones had is not known, so that this is the most that it can be.
        """
        found = self.settled.get(folder, Counter())
        most = {
            writer: max((_unrecorded(report, leg, writer, found) for leg, report in legs.items()), default=0)
            for writer, legs in writers.items()
        }
        return {writer: count for writer, count in most.items() if count}


def _unrecorded(report: Any, leg: str, writer: str, found: Counter[tuple[str, str, str]]) -> int:
    """Return how many messages of a writer's leg may have been lost without a record."""
    losses: int = sum(count for reason, count in report.dropped.items() if reason not in REFUSED_REASONS)
    return min(losses, _short(report, leg, writer, found)[Outcome.DROPPED.value])


def _short(report: Any, leg: str, writer: str, found: Counter[tuple[str, str, str]]) -> dict[str, int]:
    """Return how many records of a writer's leg are missing, by outcome."""
    reported = {
        Outcome.ACCEPTED.value: report.accepted,
        Outcome.REJECTED.value: sum(report.rejected.values()),
        Outcome.DROPPED.value: sum(report.dropped.values()),
        Outcome.SKIPPED.value: sum(report.skipped.values()),
    }
    return {outcome: max(0, count - found[writer, leg, outcome]) for outcome, count in reported.items()}


def count_ledgers(ledgers: Iterable[Path], leg: str) -> LedgerCount:
    """Count the messages that a leg has not received.

    A client that had no key for the leg has recorded nothing about it: of its messages, all are lacking. What a replay
    or a rehearsal sent counts if it went where the clients send now, or where the message was to go. Takes 100 bytes of
    memory for each lacking message; the folders of ledgers are read twice.
    """
    folders, count = list(ledgers), LedgerCount()
    clients: set[str] = set()
    reading = LedgerReading()
    for folder, record in _records(folders, reading):
        writer, is_client = str(record.get("writer")), record.get("stage") in _STAGES
        count.settled.setdefault(folder, Counter())[writer, record["leg"], record["outcome"]] += 1
        if is_client:
            clients.add(writer)
        if record["leg"] == leg:
            _count_own(count, record, writer, is_client=is_client)
    count.unread_lines = reading.finish().places
    if clients - count.served:
        for _, record in _records(folders):
            if _is_of_another(record, count.served):
                _note(count.lacking, record, 0)
    _resolve(count, folders, leg)
    return count


def _is_of_another(record: Mapping[str, Any], served: Collection[str]) -> bool:
    """Return whether a record is of a call that was taken by a client that had no key for the leg."""
    is_client = record.get("stage") in _STAGES and str(record.get("writer")) not in served
    return is_client and not (record["outcome"] != Outcome.ACCEPTED.value and record["reason"] in REFUSED_REASONS)


def _count_own(count: LedgerCount, record: Mapping[str, Any], writer: str, *, is_client: bool) -> None:
    """Count a record of the leg itself."""
    count.served.add(writer)
    own = _used_by_a_client(count, record) if is_client else 0
    if record["outcome"] != Outcome.ACCEPTED.value and not is_meant(record["outcome"], record["reason"]):
        _note(count.lacking, record, own | (_IS_KEPT if record["outcome"] in _KEPT else 0))


def _used_by_a_client(count: LedgerCount, record: Mapping[str, Any]) -> int:
    """Return the bit of the destination for which a client took a message; 0 if the record does not say it."""
    if not (destination := str(record.get("destination") or "")):
        return 0
    count.latest = max(count.latest, (str(record.get("finished_at") or ""), destination))
    return count.destinations.setdefault(destination, _FIRST_DESTINATION << len(count.destinations))


def _resolve(count: LedgerCount, folders: Sequence[Path], leg: str) -> None:
    """Take out what was replayed since, and mark what the other leg has, or has given up.

    A replay to a key that a client had for a while is none to the key that the clients have now: it mends only what was
    taken for it.
    """
    lacking, current = count.lacking, count.latest[1]
    for _, record in _records(folders) if lacking else ():
        if (id_ := hash(record["message_id"])) not in lacking:
            continue
        if record["leg"] != leg:
            lacking[id_] |= _IS_DECIDED | (_IS_KEPT if record["outcome"] in _KEPT else 0)
        elif record["outcome"] == Outcome.ACCEPTED.value:
            destination = str(record.get("destination") or "")
            is_its_own = lacking[id_] & count.destinations.get(destination, 0)
            if not destination or not current or destination == current or is_its_own:
                del lacking[id_]
    lost = {id_ for id_, marks in lacking.items() if marks & _MARKS == _IS_DECIDED}
    for _, record in _records(folders) if lost else ():
        if hash(record["message_id"]) in lost:
            mark, stage = mark_of_lost(record["message_id"]), record.get("stage")
            if stage in _STAGES or mark not in count.lost:  # a record of a replay does not say when the call was taken
                count.lost[mark] = stage not in _STAGES - _BEYOND


def _note(lacking: dict[int, int], record: Mapping[str, Any], marks: int) -> None:
    id_ = hash(record["message_id"])
    lacking[id_] = lacking.get(id_, 0) | marks


def _records(folders: Iterable[Path], reading: LedgerReading | None = None) -> Iterator[tuple[Path, Record]]:
    """Yield the records of ledgers, each with its folder."""
    reading = reading or LedgerReading()
    for folder in folders:
        for record in reading.records(folder):
            yield folder, record


def way_back(count: LedgerCount, leg: str, *, losses: Losses | None = None, **more: Any) -> WayBack:
    """Return the way back to a leg as the ledgers have it.

    Args:
        count: What they have.
        leg: The leg.
        losses: What is lost; None: what the ledgers have of it, and nothing was accepted.
        more: Fields that they do not know.
    """
    marks = Counter(each & _MARKS for each in count.lacking.values())
    losses = find_losses(count.lost, (), Journal()) if losses is None else losses
    unnamed = max(0, marks[_IS_DECIDED] - len(count.lost))  # their records went while they were counted
    return WayBack(
        leg,
        marks[_IS_KEPT] + marks[_IS_KEPT | _IS_DECIDED],
        waiting_elsewhere=marks[0] + more.pop("waiting_elsewhere", 0),
        lost=losses.late + unnamed,
        lost_before=losses.before,
        accepted=losses.accepted,
        unread_lines=count.unread_lines,
        **more,
    )


def _other(leg: str) -> str:
    (other,) = (side for side in SIDES if side != leg)
    return other
