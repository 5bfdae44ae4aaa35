"""Thirty days of `--since last`, each judged with what had come by then: every message once, and *ready* on its day.

What happens is written down here by hour; where each window has to end, what it has to count and how many days are in a
row is worked out from that, not from the report.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from pipelines_client.canonical import payload_hash
from pipelines_client.clock import iso_utc
from pipelines_client.identity import hash_identity
from pipelines_client.parity import ParityOptions, run_parity
from pipelines_client.parity.judgement.runs import History, Run, instant_of, run_of
from pipelines_client.parity.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipelines_client.parity import ParityReport

FIRST = datetime(2026, 11, 2, tzinfo=timezone.utc)
DAYS, RUN_AT, READY_AFTER = 30, 17.75, 5
HOURS, A_HOUR = range(8, 20), 12
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
KEY = bytes(range(32))
LATE = {"ledger": MINUTE, "segment": 2 * HOUR, "customerio": 20 * MINUTE}
LEGS = ("segment", "customerio")
FEWEST = 20
RULES = Rules.model_validate({"gates": {"max_missing": 0, "min_events": FEWEST, "ready_after_days": READY_AFTER}})


def clock(day: int, hour: float = 0) -> datetime:
    """Return an instant of a day, from 0."""
    return FIRST + timedelta(days=day, hours=hour)


@dataclass(frozen=True)
class Events:
    """What happens, and when; each hour is (day, hour).

    Customer.io is `down` for every second message from the one hour to the other. `lost` are (side, day, hour, count).
    A `missing` hour of Segment's files comes at the given instant. `dead` copy jobs are (source, from, to).
    """

    down: tuple[tuple[datetime, datetime], ...] = ()
    lost: tuple[tuple[str, int, int, int], ...] = ()
    missing: tuple[tuple[int, int, datetime], ...] = ()
    dead: tuple[tuple[str, datetime, datetime], ...] = ()
    no_run: tuple[int, ...] = ()
    twice: tuple[int, ...] = ()


@dataclass
class Sent:
    """A message: when it was taken and happened, when each leg finished it, and when a copy of each side has it.

    A side that lost it has not received it.
    """

    id: str
    event: str
    taken: datetime
    happened: datetime
    finished: dict[str, datetime]
    received: dict[str, datetime | None]
    came: dict[str, datetime] = field(default_factory=dict)


@dataclass
class World:
    """The messages, and by source what is copied when."""

    folder: Path
    chance: Random
    events: Events
    days: int
    sent: list[Sent] = field(default_factory=list)
    copies: list[tuple[datetime, str, str, list[bytes]]] = field(default_factory=list)
    ends: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Let everything happen."""
        self.sent = list(self._messages())
        for side, day, hour, count in self.events.lost:
            there = [one for one in self.sent if clock(day, hour) <= one.taken < clock(day, hour + 1)]
            for one in self.chance.sample(there, count):
                one.received[side] = None
        self.copies = sorted([*self._ledger(), *self._segment(), *self._customerio()], key=lambda copy: copy[0])

    def _messages(self) -> Iterator[Sent]:
        for index in range(self.days * len(HOURS) * A_HOUR):
            hours, place = divmod(index, A_HOUR)
            day, hour = divmod(hours, len(HOURS))
            at = clock(day, HOURS[hour]) + place * 5 * MINUTE + self.chance.random() * 200 * SECOND
            at = at.replace(microsecond=at.microsecond // 1000 * 1000)
            sent_at = dict.fromkeys(LEGS, at)
            for begins, ends in self.events.down:
                if index % 2 and begins <= at < ends:
                    sent_at["customerio"] = ends + place * SECOND
            yield Sent(
                f"m{index:05}",
                f"Event {(place + hours) % A_HOUR}",
                at,
                at - self.chance.choice([1, 30, 200]) * HOUR if self.chance.random() < 0.05 else at,
                {leg: sent_at[leg] + timedelta(milliseconds=150) for leg in LEGS},
                {leg: sent_at[leg] + timedelta(milliseconds=self.chance.randint(80, 140)) for leg in LEGS},
            )

    def _ledger(self) -> Iterator[tuple[datetime, str, str, list[bytes]]]:
        for one in self.sent:
            for leg, at in one.finished.items():
                day = f"{at:%Y-%m-%d}"
                yield self._copied("ledger", at), "ledger", f"state/ledger/{day}/w1.jsonl", [_record(one, leg)]

    def _segment(self) -> Iterator[tuple[datetime, str, str, list[bytes]]]:
        """A file for each hour, about 40 minutes after it."""
        missing = {clock(day, hour): comes for day, hour, comes in self.events.missing}
        for hour, lines in _by_hour(self.sent, "segment"):
            written = missing.get(hour, hour + HOUR + self.chance.randint(35, 65) * MINUTE)
            midnight = int(datetime(hour.year, hour.month, hour.day, tzinfo=timezone.utc).timestamp() * 1000)
            name = f"bucket/segment-logs/9sBxKq2mVd/{midnight}/{hour:%H}.gz"
            at = self._arrive("segment", lines, written)
            yield at, "segment", name, [_archived(one) for one in lines]

    def _customerio(self) -> Iterator[tuple[datetime, str, str, list[bytes]]]:
        """A file for each hour, about 15 minutes after it."""
        for number, (hour, lines) in enumerate(_by_hour(self.sent, "customerio"), 1):
            at = self._arrive("customerio", lines, hour + HOUR + self.chance.randint(10, 18) * MINUTE)
            name = f"customerio/2184.13699.{number}.track.json"
            yield at, "customerio", name, [_stored(one) for one in lines]

    def _arrive(self, side: str, lines: list[Sent], at: datetime) -> datetime:
        at = self._copied(side, at)
        for one in lines:
            one.came[side] = at
        return at

    def _copied(self, source: str, at: datetime) -> datetime:
        """Return when a copy job has what is there at an instant."""
        return next((ends for of, begins, ends in self.events.dead if of == source and begins <= at < ends), at)

    def copy(self, now: datetime) -> dict[str, Path]:
        """Copy what has come, and return where it is."""
        while self.copies and self.copies[0][0] <= now:
            _, source, name, lines = self.copies.pop(0)
            place = self.folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            text = b"".join(line + b"\n" for line in lines)
            with place.open("ab") as file:
                file.write(gzip.compress(text) if name.endswith(".gz") else text)
            stamps = [json.loads(line).get(_STAMPS[source]) for line in lines]
            self.ends[source] = max(self.ends.get(source, FIRST), *(instant_of(stamp) for stamp in stamps))
        (self.folder / "state" / "identity.key").write_text(KEY.hex())
        return {name: self.folder / place for name, place in _PLACES.items()}

    def end(self, now: datetime) -> datetime:
        """Return where a window that closes now has to end."""
        closes = min(end - LATE[source] for source, end in self.ends.items())
        waiting = [
            one.taken
            for one in self.sent
            for side in LEGS
            if one.taken < closes
            and one.came.get(side, now + HOUR) > now
            and one.finished[side] > min(now, self.ends[side] - LATE[side])
        ]
        return min([closes, *waiting])

    def gaps(self, now: datetime) -> list[datetime]:
        """Return the hours of Segment that are not here yet."""
        hours = ((clock(day, hour), self._copied("segment", comes)) for day, hour, comes in self.events.missing)
        return [hour for hour, comes in hours if comes > now]


_PLACES = {"ledger": "state", "segment": "bucket", "customerio": "customerio"}
_STAMPS = {"ledger": "appended_at", "segment": "receivedAt", "customerio": "received_at"}


def _by_hour(sent: list[Sent], side: str) -> list[tuple[datetime, list[Sent]]]:
    hours: dict[datetime, list[Sent]] = {}
    for one in sent:
        at = one.received[side]
        if at is not None:
            hours.setdefault(at.replace(minute=0, second=0, microsecond=0), []).append(one)
    return sorted(hours.items())


def _line(**values: Any) -> bytes:
    return json.dumps({key: iso_utc(it) if isinstance(it, datetime) else it for key, it in values.items()}).encode()


def _record(one: Sent, leg: str) -> bytes:
    return _line(
        message_id=one.id,
        type="track",
        event=one.event,
        identity=hash_identity(KEY, "user:u1"),
        occurred_at=one.happened,
        appended_at=one.taken,
        finished_at=one.finished[leg],
        leg=leg,
        outcome="accepted",
        reason=None,
        http_status=200,
        attempts=1,
        body_bytes=300,
        payload_hash=payload_hash({"id": one.id}),
        stage="dual",
        writer="w1",
    )


def _archived(one: Sent) -> bytes:
    return _line(
        type="track",
        messageId=one.id,
        userId="u1",
        anonymousId=None,
        event=one.event,
        properties={"id": one.id},
        context={},
        integrations={},
        originalTimestamp=one.happened,
        timestamp=one.happened,
        sentAt=one.taken,
        receivedAt=one.received["segment"],
    )


def _stored(one: Sent) -> bytes:
    return _line(
        id=one.id,
        sent_at=one.finished["customerio"] - timedelta(milliseconds=100),
        received_at=one.received["customerio"],
        anonymous_id=None,
        user_id="u1",
        event=one.event.lower().replace(" ", "_"),
        event_text=one.event,
        properties={"id": one.id},
    )


@dataclass
class Daily:
    """The daily job, and what is known of it without its reports: what is judged, and the passing days in a row."""

    world: World
    runs: list[Run] = field(default_factory=list)
    judged: Counter[str] = field(default_factory=Counter)
    since: datetime | None = None
    row: int = 0
    held_row: int | None = None
    passed: int = -9
    failed: int = -9
    ready: list[int] = field(default_factory=list)

    def live(self) -> None:
        """Run each day."""
        events = self.world.events
        for day in range(self.world.days):
            if day in events.no_run:
                self.row, self.held_row = 0, None
                continue
            for hour in (RUN_AT, RUN_AT + 2.5) if day in events.twice else (RUN_AT,):
                self._run(day, clock(day, hour))

    def _run(self, day: int, now: datetime) -> None:
        world = self.world
        paths = world.copy(now)
        options = ParityOptions(
            since_last=True, history=History(tuple(self.runs)), rules=RULES, processes=1, cache=world.folder / "cache"
        )
        report = run_parity(paths, options, now=now)
        self.runs.append(run_of(report))
        end = world.end(now)
        inside = [one for one in world.sent if (self.since is None or one.taken >= self.since) and one.taken < end]
        gaps = [hour for hour in world.gaps(now) if any(hour <= one.taken < hour + HOUR for one in inside)]
        hidden = [one for one in inside for hour in gaps if hour <= one.taken < hour + HOUR]
        lost = {side: [one for one in inside if one.received[side] is None] for side in LEGS}
        is_enough = len(inside) - len(hidden) >= FEWEST
        word = "fail" if any(lost.values()) and is_enough else "pass" if is_enough and not gaps else "inconclusive"
        said = (report.verdict.value, report.window.until, report.totals.messages, report.totals.missing)
        counts = {side: len(some) for side, some in lost.items()}
        assert said == (word, iso_utc(end), len(inside), counts), (day, report.headline, report.window.chosen)
        assert _events(report) == Counter(one.event for one in inside), day
        assert sum(gap.absent for gap in report.gaps) == len(hidden), day
        if word != "inconclusive":
            self.since = min([end, *(one.taken for one in hidden)])
            self.judged.update(one.id for one in inside if one.taken < self.since)
            assert report.judged.settled_until == iso_utc(self.since), day
        if inside:
            self._count(day, word)
        readiness = report.readiness
        assert readiness is not None
        is_ready = self.row >= READY_AFTER and self.passed >= day - 1
        assert (readiness.passed_days, readiness.state == "ready") == (self.row, is_ready), (day, readiness.reason)
        self.ready += [day] if is_ready else []

    def _count(self, day: int, word: str) -> None:
        """Count the days in a row; one that waits for files counts for nothing, until a later one has judged them."""
        if word == "inconclusive":
            self.row, self.held_row = 0, self.row if self.held_row is None else self.held_row
        elif word == "fail":
            self.row, self.held_row, self.failed = 0, None, day
        else:
            row, self.held_row = self.row if self.held_row is None else self.held_row, None
            self.row = row + (day not in (self.passed, self.failed))
            self.passed = day if self.row else self.passed


def _events(report: ParityReport) -> Counter[str]:
    counts: Counter[str] = Counter()
    for row in report.events:
        counts[row.event] += row.messages
    return counts


MONTH = Events(
    down=((clock(6, 13), clock(7, 2)),),
    lost=(("customerio", 3, 10, 3), ("segment", 18, 9, 2), ("customerio", 24, 9, 4)),
    missing=((15, 10, clock(17, 12)), (24, 11, clock(25, 12))),
    dead=(("segment", clock(10, 14), clock(13, 12)), ("ledger", clock(20, 14), clock(23, 12))),
    no_run=(8,),
    twice=(5,),
)


def some_events(chance: Random) -> Events:
    """Return other events of a month, on other days."""
    days = chance.sample(range(2, DAYS - 4), 12)
    jobs = chance.sample(list(_PLACES), 2)
    return Events(
        down=tuple((clock(day, 13), clock(day + 1, 2)) for day in days[:2]),
        lost=tuple((chance.choice(LEGS), day, chance.choice([8, 12, 15, 18]), 3) for day in days[2:4]),
        missing=tuple((day, 10, clock(day + chance.randint(1, 3), 12)) for day in days[4:6]),
        dead=tuple(
            (job, clock(day, chance.randint(8, 18)), clock(day + 3, 12))
            for job, day in zip(jobs, days[6:8], strict=True)
        ),
        no_run=tuple(days[8:10]),
        twice=tuple(days[10:]),
    )


def live(folder: Path, seed: int, events: Events, days: int = DAYS) -> Daily:
    """Run each day; every message up to the end of the last window must have been judged once."""
    daily = Daily(World(folder, Random(seed), events, days))
    daily.live()
    assert daily.since is not None
    assert daily.since > clock(days - 1, 12)
    assert daily.judged == Counter(one.id for one in daily.world.sent if one.taken < daily.since)
    return daily


def test_each_message_of_ten_days_is_judged_once_and_ready_comes_on_its_day(tmp_path):
    """A missing hour and a loss on one day, an outage, a dead copy job: the days in a row begin again on day 2."""
    events = Events(
        down=((clock(5, 13), clock(6, 2)),),
        lost=(("customerio", 1, 9, 4),),
        missing=((1, 11, clock(2, 12)),),
        dead=(("segment", clock(7, 14), clock(9, 12)),),
    )
    assert live(tmp_path, 0, events, days=10).ready == [6, 7, 8, 9]


@pytest.mark.soak
def test_each_message_of_thirty_days_is_judged_once_and_ready_comes_on_its_day(tmp_path):
    """Lag, messages dated back, an outage, losses, missing hours, dead copy jobs, a day without a run, one with two."""
    assert live(tmp_path, 0, MONTH).ready == [17, 29]


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_so_it_is_in_any_month(tmp_path, seed):
    """The same on other days, of other sources."""
    live(tmp_path, seed, some_events(Random(seed)))
