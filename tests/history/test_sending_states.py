"""A state machine over all that sends, to both sides: clients, drain, requeue, replays and backfills, with kills.

There are two keys at one host, and a host for rehearsals: three destinations for each side. Each step runs in a
forked process, which may end at a chosen call, as by SIGKILL; one client may live beside the steps. In any order of
steps, a message arrives once at a destination; twice only if a process died between an answer and its record. In the
end all have arrived where they were taken for.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, get_args

import pytest
from forked_steps import PACE, Beside, Death, deaths, run_machine, step
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from keys_noted import KeysNoted

from pipelines_client import Client
from pipelines_client.clock import utc_now
from pipelines_client.config import Settings
from pipelines_client.delivery.draining import drain
from pipelines_client.delivery.requeueing import requeue
from pipelines_client.history import RunOptions, backfill, replay
from pipelines_client.sandbox import Sandbox
from pipelines_client.sides import Leg
from pipelines_client.state.dead_letters import read_dead_letters

DAY = "2026-11-02T09:30:00.000Z"
KEYS = ("one", "two")
REHEARSAL = "rehearsal"
ANSWER_S = 1.5
"""What a request may take. A process that ends without an answer leaves what may have arrived, as a death does."""
sides = st.sampled_from(get_args(Leg))
keys = st.sampled_from(KEYS)
places = st.sampled_from([*KEYS, REHEARSAL])


class SendingMachine(RuleBasedStateMachine):
    """Holds the state directory of one application, the real APIs, and those for rehearsals."""

    real: Sandbox
    staging: Sandbox
    arrivals: dict[Leg, KeysNoted]
    numbers = count()  # of all examples: the APIs are theirs, too

    @initialize(side=sides)
    def create(self, side: Leg) -> None:
        """Begin with two messages that an API has refused, and that it would take now."""
        self.folder = Path(tempfile.mkdtemp(prefix="sending-states-"))
        self.excused = 0
        self.beside: Beside | None = None
        self.promised: dict[str, str] = {}
        for each in self.arrivals:
            self.answer(each, 200)
            self.arrivals[each].begin()
        self.answer(side, 400)
        self.call(2, None, KEYS[0])
        self.answer(side, 200)

    def teardown(self) -> None:
        """Bring what is left, and look whether all of it has arrived where it was taken for."""
        if not hasattr(self, "folder"):
            return
        try:
            for side in self.arrivals:
                self.answer(side, 200)
            self.end_client(is_killed=False)
            for key in sorted({*self.promised.values()}):
                self.deliver(None, key, timeout_s=60)  # leases end before that
                self.requeue(None, key)
                self.deliver(None, key, timeout_s=60)
                for side in self.arrivals:
                    self.replay_what_the_ledger_lacks(None, side, key)
                    self.replay_what_is_absent(None, side, key)
            for side, arrived in self.arrivals.items():
                for key in KEYS:
                    assert self.taken_for(key) <= set(arrived.at(key)), (side, key)
            self.once()
        finally:
            if self.beside is not None:
                self.beside.end(is_killed=True)
            shutil.rmtree(self.folder)

    # The steps

    @rule(side=sides, status=st.sampled_from([200, 400, 503, None]))
    def answer(self, side: Leg, status: int | None) -> None:
        """An API takes, refuses, is down, or says 200 and loses all."""
        api = getattr(self.real, side)
        api.normal()
        if status != 200:
            api.answer(status or 200, accept=None if status else False)

    @rule(messages=st.integers(1, 3), death=deaths, key=keys)
    def call(self, messages: int, death: Death, key: str) -> None:
        """A client lives for a moment; what its calls return True for is promised."""
        new = self.new(messages)

        def live() -> None:
            client = self.client(key)
            self.track(client, new, key)
            client.flush(0.15)
            client._pipeline.close(0.1)

        self.run(live, death)
        self.note_promised()

    @precondition(lambda self: self.beside is None)
    @rule(key=keys)
    def begin_client(self, key: str) -> None:
        """A client lives beside what follows."""

        def live(read: Callable[[], str]) -> None:
            client = self.client(key)
            while names := read():
                self.track(client, names.split(), key)
            client.flush(0.15)
            client._pipeline.close(0.1)

        self.beside = Beside(live)

    @precondition(lambda self: self.beside is not None)
    @rule(messages=st.integers(1, 3))
    def call_beside(self, messages: int) -> None:
        """The living client is called."""
        assert self.beside is not None
        self.beside.tell(" ".join(self.new(messages)))
        self.note_promised()

    @precondition(lambda self: self.beside is not None)
    @rule(is_killed=st.booleans())
    def end_client(self, *, is_killed: bool) -> None:
        """The living client ends: in order, or killed at any moment."""
        if self.beside is not None:
            self.excused += is_killed
            self.beside.end(is_killed=is_killed)
            self.beside = None

    @rule(death=deaths, key=keys)
    def drain(self, death: Death, key: str) -> None:
        """Deliver what dead processes left for a key."""
        self.deliver(death, key, timeout_s=1)

    @rule(death=deaths, key=keys)
    def requeue(self, death: Death, key: str) -> None:
        """Put all letters of a key back."""
        self.run(lambda: requeue(self.settings(key), read_dead_letters(self.folder / "state" / "dead-letters")), death)

    @rule(death=deaths, side=sides, place=places)
    def replay_letters(self, death: Death, side: Leg, place: str) -> None:
        """Send the letters by a run, or rehearse it."""
        self.replay(death, side, "dead-letters", place, to_current=place == REHEARSAL)

    @rule(death=deaths, side=sides, place=places)
    def replay_what_the_ledger_lacks(self, death: Death, side: Leg, place: str) -> None:
        """Send what the ledger says was refused or given up, or rehearse it."""
        self.replay(death, side, "ledger+archive", place, archive=f"jsonl:{self.calls()}")

    @rule(death=deaths, side=sides, key=keys)
    def replay_what_is_absent(self, death: Death, side: Leg, key: str) -> None:
        """Send what a list names that was written now."""
        path, until = self.folder / "missing.jsonl", utc_now() - timedelta(milliseconds=1)
        missing = self.taken_for(key) - set(self.arrivals[side].at(key))  # later than that: it knows more, never less
        about = {"side": side, "cause": "unknown", "event": "E", "occurred_at": DAY, "absent_until": until.isoformat()}
        path.write_text("".join(json.dumps({"message_id": each, **about}) + "\n" for each in sorted(missing)))
        if missing:
            self.replay(death, side, "replay-list", key, path, archive=f"jsonl:{self.calls()}")

    @rule(death=deaths, side=sides, place=places)
    def backfill_all(self, death: Death, side: Leg, place: str) -> None:
        """Send all calls as a backfill, or rehearse it."""
        path, options = self.calls(), RunOptions(patience_s=0.1)
        self.run(lambda: backfill(path, to=side, settings=self.settings(place), options=options), death)

    # What holds

    @invariant()
    def once(self) -> None:
        """A message arrives again only for a process that died between an answer and its record."""
        for side, arrived in self.arrivals.items():
            for key in KEYS:
                repeated = {each: copies for each, copies in arrived.at(key).items() if copies > 1 + self.excused}
                assert not repeated, (side, key)

    # How

    def deliver(self, death: Death, key: str, *, timeout_s: float) -> None:
        self.run(lambda: drain(self.settings(key), timeout_s=timeout_s), death)

    def replay(self, death: Death, side: Leg, source: Any, place: str, *paths: Path, **more: Any) -> None:
        options = RunOptions(patience_s=0.1, to_current=more.pop("to_current", False))
        settings = self.settings(place)
        self.run(lambda: replay(side, source, paths, settings=settings, options=options, **more), death)

    def where(self, place: str) -> dict[str, Any]:
        box, key = (self.staging, KEYS[0]) if place == REHEARSAL else (self.real, place)
        urls = {"host": box.customerio.url, "segment_host": box.segment.url}
        return {
            **urls,
            "write_key": key,
            "segment_write_key": f"s-{key}",
            "state_dir": self.folder / "state",
            **PACE,
            "timeout": ANSWER_S,
        }

    def settings(self, place: str) -> Settings:
        return Settings.load(**self.where(place))

    def client(self, key: str) -> Client:
        return Client(**self.where(key))

    def new(self, messages: int) -> list[str]:
        return [f"m{next(self.numbers)}" for _ in range(messages)]

    def track(self, client: Client, names: list[str], key: str) -> None:
        with (self.folder / "taken").open("a", buffering=1) as taken:
            for message_id in names:
                if client.track("u", "E", message_id=message_id)[0]:
                    taken.write(f"{message_id} {key}\n")

    def note_promised(self) -> None:
        path = self.folder / "taken"
        lines = path.read_text().splitlines() if path.exists() else []
        self.promised = dict(line.split() for line in lines)  # type: ignore[misc]  # each has two words

    def taken_for(self, key: str) -> set[str]:
        return {each for each, its_key in self.promised.items() if its_key == key}

    def calls(self) -> Path:
        """Write down all calls that were promised."""
        path = self.folder / "calls.jsonl"
        about = {"type": "track", "event": "E", "userId": "u", "timestamp": DAY}
        path.write_text("".join(json.dumps({"messageId": each, **about}) + "\n" for each in self.promised))
        return path

    def run(self, work: Callable[[], object], death: Death) -> None:
        """Do something in a process of its own, which may die in it."""
        (self.folder / "state" / "spool").mkdir(parents=True, exist_ok=True)
        self.excused += step(self.folder, work, death)


def _run(examples: int, steps: int) -> None:
    with Sandbox() as SendingMachine.real, Sandbox() as SendingMachine.staging:
        apis = {"customerio": SendingMachine.real.customerio, "segment": SendingMachine.real.segment}
        SendingMachine.arrivals = {side: KeysNoted(api) for side, api in apis.items()}  # type: ignore[misc]  # both legs
        run_machine(SendingMachine, examples, steps)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_whatever_sends_in_whatever_order_each_message_arrives_and_twice_only_after_a_death_before_its_record() -> None:
    """A few histories."""
    _run(2, 8)


@pytest.mark.soak
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_many_histories_of_all_that_sends() -> None:
    """Many, and long ones."""
    _run(400, 25)
