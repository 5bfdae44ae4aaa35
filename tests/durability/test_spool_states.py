"""A state machine over the spool: whatever happens in whatever order, nothing is lost, repeated or miscounted."""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipelines_client.delivery.spool import logfiles
from pipelines_client.delivery.spool import spool as spool_module
from pipelines_client.delivery.spool.entry import Entry, MessageFacts
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.errors import SpoolBusyError, SpoolError
from pipelines_client.state.ledger import Outcome

LEGS = {"customerio": "mark-c", "segment": "mark-s"}
ROOM_BYTES = 40  # on a full disk: less than a line takes
AT = "2026-11-02T09:30:00.000Z"
legs = st.sampled_from(sorted(LEGS))
REASONS = ("", "http_400", "x" * 1_500, "y" * 1_500, "z" * 1_500)  # long ones take pages, of which a full disk has none
fates = st.tuples(st.sampled_from(list(Outcome)), st.sampled_from(REASONS))


class SpoolMachine(RuleBasedStateMachine):
    """Holds a spool beside a plain list that says what it should be."""

    is_full = False

    @initialize()
    def create(self) -> None:
        """Begin with an empty file."""
        self.folder = Path(tempfile.mkdtemp(prefix="spool-states-"))
        self.abandoned: list[Spool] = []
        self.files = 0
        self.log: list[Entry] = []
        self.cursor = dict.fromkeys(LEGS, 0)
        self.outcomes: dict[str, Counter[Any]] = {leg: Counter() for leg in LEGS}
        self.refused = 0
        self.paused: set[str] = set()
        self.spool = Spool(self._new_path(), legs=LEGS, writer="owner")

    def teardown(self) -> None:
        """Close what is open and remove it."""
        if hasattr(self, "spool"):
            for spool in (self.spool, *self.abandoned):
                spool.close()
            shutil.rmtree(self.folder)

    # What the client does

    @rule(size=st.integers(1, 90), skip=st.sampled_from([None, *LEGS]))
    def append(self, size: int, skip: str | None) -> None:
        """A message gets the next number, or was never there."""
        number = len(self.log) + 1
        entry = self._next_entry(size, {skip: "stage"} if skip else {})
        with self._disk_may_be_full() as outcome:
            assert self.spool.append(entry.stamp, entry.body, entry.skips) == number
        if outcome.is_written:
            self.log.append(entry)

    @rule(leg=legs, max_bytes=st.integers(0, 300), max_count=st.integers(1, 12))
    def read(self, leg: str, max_bytes: int, max_count: int) -> None:
        """The oldest that are not settled, in order, within both bounds, at least one; twice the same."""
        found = self.spool.read(leg, max_bytes=max_bytes, max_count=max_count)
        assert found == self.spool.read(leg, max_bytes=max_bytes, max_count=max_count)
        waiting = self.log[self.cursor[leg] :]
        assert found == waiting[: len(found)]
        assert len(found) <= max_count
        size = sum(len(entry.body) for entry in found)
        assert size <= max_bytes or len(found) == 1
        if len(found) < min(max_count, len(waiting)):
            assert size + len(waiting[len(found)].body) > max_bytes

    @rule(leg=legs, count=st.integers(1, 12), data=st.data())
    def settle(self, leg: str, count: int, data: st.DataObject) -> None:
        """A prefix of what waits, each with its outcome; all of it or, on a full disk, nothing."""
        part, tally = self._part(leg, count, data)
        with self._disk_may_be_full() as outcome:
            self.spool.settle(leg, part, tally)
        if outcome.is_written:
            self.cursor[leg] += len(part)
            self.outcomes[leg].update(tally)

    @rule(fate=fates)
    def settle_everything(self, fate: tuple[Outcome, str]) -> None:
        """Both legs are level: nothing waits, and the rows may go."""
        for leg in LEGS:
            part = self.spool.read(leg, max_bytes=1 << 20, max_count=1 << 20)
            tally = Counter({fate: len(part)}) if part else Counter()
            with self._disk_may_be_full() as outcome:
                self.spool.settle(leg, part, tally)
            if outcome.is_written:
                self.cursor[leg] += len(part)
                self.outcomes[leg].update(tally)

    @rule(leg=legs)
    def settle_out_of_turn(self, leg: str) -> None:
        """A message that is not the next one cannot be settled."""
        waiting = self.spool.read(leg, max_bytes=1 << 20, max_count=1 << 20)
        if len(waiting) > 1:
            with pytest.raises(SpoolError):
                self.spool.settle(leg, waiting[1:], Counter({(Outcome.ACCEPTED, ""): len(waiting) - 1}))

    @rule(data=st.data())
    def refuse(self, data: st.DataObject) -> None:
        """A message that never entered is counted on each leg, or on none."""
        fate = {leg: data.draw(fates) for leg in LEGS}
        with self._disk_may_be_full() as outcome:
            self.spool.refuse(fate)
        if outcome.is_written:
            self.refused += 1
            for leg in LEGS:
                self.outcomes[leg][fate[leg]] += 1

    @precondition(lambda self: not self.is_full)
    @rule(leg=legs, is_paused=st.booleans())
    def pause(self, leg: str, *, is_paused: bool) -> None:
        """Outlives the process."""
        self.spool.set_paused(leg, is_paused=is_paused)
        self.paused = self.paused | {leg} if is_paused else self.paused - {leg}

    # What happens to it

    @rule()
    def fill(self) -> None:
        """The disk takes a few bytes more, and then no other."""
        self.is_full = True

    @rule()
    def make_room(self) -> None:
        """The disk has room again."""
        self.is_full = False

    @rule(writer=st.sampled_from(["owner", "heir"]))
    def reopen(self, writer: str) -> None:
        """Closed in order and opened again, by whomever: the file keeps its writer and its legs."""
        path = self.spool.path
        assert not self.spool.close()
        self._open(path, writer)

    @rule(writer=st.sampled_from(["owner", "heir"]))
    def crash(self, writer: str) -> None:
        """What a kill leaves is what is in the files now; the next process opens that."""
        self._crash(self._copy(), writer)

    @rule(leg=legs, count=st.integers(1, 12), data=st.data())
    def crash_in_the_middle_of_settling(self, leg: str, count: int, data: st.DataObject) -> None:
        """Killed with all done but the write: nothing of it counts."""
        part, tally = self._part(leg, count, data)
        copies: list[Path] = []
        append = self.spool._cursors._append

        def watched(path: Path, line: bytes) -> None:
            copies.append(self._copy())
            append(path, line)

        self.spool._cursors._append = watched
        with self._disk_may_be_full():
            self.spool.settle(leg, part, tally)
        self._crash(copies[0] if copies else self._copy(), "heir")

    @precondition(lambda self: not self.is_full)
    @rule(size=st.integers(1, 90), torn=st.integers(1, 60))
    def crash_in_the_middle_of_appending(self, size: int, torn: int) -> None:
        """Killed with a part of the line written: it is not there, and its number is taken by the next one."""
        entry = self._next_entry(size, {})
        self.spool.append(entry.stamp, entry.body, entry.skips)
        copy = self._copy()
        newest = max(self._logs(copy), key=lambda path: int(path.name.split(".")[1]))
        os.truncate(newest, newest.stat().st_size - torn)
        self._crash(copy, "heir")

    @rule()
    def rival(self) -> None:
        """No other process can open it meanwhile."""
        with pytest.raises(SpoolBusyError):
            Spool(self.spool.path, legs={}, writer="rival")

    @rule(is_removed=st.booleans())
    def end(self, *, is_removed: bool) -> None:
        """A level file goes with its owner if that is wanted; any other stays."""
        path, is_settled = self.spool.path, self.spool.is_settled
        assert self.spool.close(remove_if_settled=is_removed) == (is_settled and is_removed)
        assert path.exists() != (is_settled and is_removed)
        if path.exists():
            self._open(path, "heir")
        else:
            self.teardown()
            self.create()

    # What holds at any time

    @invariant()
    def nothing_is_lost_repeated_or_miscounted(self) -> None:
        """The equation, both ways, and everything that waits, to the byte."""
        if not hasattr(self, "spool"):
            return
        assert self.spool.last_seq == len(self.log)
        assert self.spool.paused == self.paused
        for leg in LEGS:
            waiting = self.log[self.cursor[leg] :]
            recorded, pending, tally = self.spool.counts(leg)
            assert recorded == pending + tally.total() == len(self.log) + self.refused
            assert tally == self.outcomes[leg]
            assert self.spool.place(leg)[0] == self.cursor[leg]
            assert self.spool.pending(leg) == len(waiting)
            assert self.spool.pending_bytes(leg) == sum(len(entry.body) for entry in waiting)
            found = self.spool.read(leg, max_bytes=1 << 20, max_count=1 << 20)
            assert found == waiting
            assert [entry.seq for entry in found] == list(range(self.cursor[leg] + 1, len(self.log) + 1))
            assert (self.spool.oldest_pending_at(leg) is None) == (not waiting)

    @contextmanager
    def _disk_may_be_full(self) -> Iterator[SimpleNamespace]:
        outcome = SimpleNamespace(is_written=False)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        if self.is_full:
            used = max((path.stat().st_size for path in self._logs(self.spool.path)), default=0)
            resource.setrlimit(resource.RLIMIT_FSIZE, (used + ROOM_BYTES, limits[1]))
        try:
            yield outcome
            outcome.is_written = True
        except OSError:
            if not self.is_full:
                raise
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    def _next_entry(self, size: int, skips: dict[str, str]) -> Entry:
        number, end = len(self.log) + 1, sum(len(entry.body) for entry in self.log) + size
        facts = MessageFacts(f"m{number}", "track", "E", "id", AT, "h", size, "dual", AT).as_stamp()
        return Entry(number, end, facts, b"x" * size, skips)

    def _part(self, leg: str, count: int, data: st.DataObject) -> tuple[list[Entry], Counter[Any]]:
        part = self.spool.read(leg, max_bytes=1 << 20, max_count=count)
        return part, Counter(data.draw(fates) for _ in part)

    def _new_path(self) -> Path:
        self.files += 1
        return self.folder / f"spool-{self.files}.db"

    def _copy(self) -> Path:
        path, target = self.spool.path, self._new_path()
        if path.exists():
            shutil.copy(path, target)
        for log in self._logs(path):
            shutil.copy(log, target.with_name(log.name.replace(path.stem, target.stem)))
        return target

    def _logs(self, path: Path) -> list[Path]:
        return list(path.parent.glob(f"{path.stem}.*.log"))

    def _crash(self, copy: Path, writer: str) -> None:
        self.abandoned.append(self.spool)
        self._open(copy, writer)

    def _open(self, path: Path, writer: str) -> None:
        self.spool = Spool(path, legs={}, writer=writer)
        self.is_full = False
        assert self.spool.writer == "owner"
        assert self.spool.legs == LEGS


TestSpoolStates = SpoolMachine.TestCase
TestSpoolStates.settings = settings(
    max_examples=120, stateful_step_count=50, suppress_health_check=list(HealthCheck), database=None
)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a short run reaches: the tail kept in memory, and the files of the log."""
    monkeypatch.setattr(spool_module, "MAX_TAIL_BYTES", 250)
    monkeypatch.setattr(logfiles, "FILE_BYTES", 700)
