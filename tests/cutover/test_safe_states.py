"""A state machine over the way back: after all kinds of steps in any order, *safe* is only said if Segment has it all.

Clients live and die at all stages beyond the first, with two keys, while either API refuses or is down. Drains,
requeued letters, replays to Segment, switches, shares, and ledgers that are removed come between. In the end a replay
makes it safe, if no evidence was taken away and nothing was discarded.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from forked_steps import PACE, Death, deaths, run_machine, step
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pipelines_client import Client
from pipelines_client.clock import utc_now
from pipelines_client.config import Settings
from pipelines_client.cutover.actions import advance, rollback, set_share, start, switch
from pipelines_client.cutover.overview import look
from pipelines_client.delivery.draining import drain
from pipelines_client.delivery.requeueing import requeue
from pipelines_client.history import RunOptions, replay
from pipelines_client.routing.plan import Stage, Switch
from pipelines_client.sandbox import Sandbox
from pipelines_client.state.dead_letters import read_dead_letters

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines_client.cutover.rollback import WayBack

DAY = "2026-11-02T09:30:00.000Z"
SIDES = st.sampled_from(["customerio", "segment"])
KEYS = ("segment-one", "segment-two")


class SafeMachine(RuleBasedStateMachine):
    """Holds the state directory and the stage file of one application."""

    box: Sandbox
    numbers = count()  # of all examples: the APIs are theirs, too

    @initialize()
    def create(self) -> None:
        """Begin at `dual`."""
        self.folder = Path(tempfile.mkdtemp(prefix="safe-states-"))
        self.state, self.stage_file = self.folder / "state", self.folder / "stage.toml"
        (self.state / "spool").mkdir(parents=True)
        self.promised: list[str] = []
        self.is_whole = True
        for api in (self.box.customerio, self.box.segment):
            api.normal()
        start(self.stage_file, Stage.DUAL)

    def teardown(self) -> None:
        """Bring what is left: then it is safe, and Segment has all of it."""
        if not hasattr(self, "folder"):
            return
        try:
            for side in ("customerio", "segment"):
                self.answer(side, 200)
                self.turn(side, Switch.ON)
            self.drain(None)
            self.requeue(None)
            self.drain(None)
            for key in KEYS:  # each client's messages go where it sends
                self.replay_to_segment(None, key)
            way = self.way_back()
            assert not (self.is_whole and self.promised) or way.answer == "safe", way
            self.safe_only_if_segment_has_all()
        finally:
            shutil.rmtree(self.folder)

    # The steps

    @rule(side=SIDES, status=st.sampled_from([200, 400, 503]))
    def answer(self, side: str, status: int) -> None:
        """An API takes, refuses or is down."""
        api = getattr(self.box, side)
        api.normal()
        if status != 200:
            api.answer(status)

    @rule(goes_on=st.booleans())
    def move(self, *, goes_on: bool) -> None:
        """Go one stage on or back, by force; not to the first, from which no way leads back."""
        stage = look(self.stage_file, [self.state], now=utc_now()).stage
        if (goes_on and stage is not Stage.COMPLETE) or (not goes_on and stage not in (Stage.SHADOW, Stage.SEGMENT)):
            change = advance if goes_on else rollback
            change(self.stage_file, states=[self.state], force=True, reason="rehearsal")

    @rule(share=st.sampled_from([0.0, 0.5, 1.0]))
    def share(self, share: float) -> None:
        """At `live`, Segment gets a share of people."""
        set_share(self.stage_file, "segment", share, force=True, reason="rehearsal")

    @rule(side=SIDES, position=st.sampled_from(list(Switch)))
    def turn(self, side: Any, position: Switch) -> None:
        """Hold a leg up, discard what is for it, or let it go on."""
        self.is_whole = self.is_whole and position is not Switch.DISCARD
        switch(self.stage_file, side, position, states=[self.state], force=True, reason="rehearsal")

    @rule(messages=st.integers(1, 3), death=deaths, key=st.sampled_from(KEYS))
    def call(self, messages: int, death: Death, key: str) -> None:
        """A client lives for a moment; what its calls return True for is promised."""
        new = [f"s{next(self.numbers)}" for _ in range(messages)]
        taken = self.folder / "taken"

        def live() -> None:
            client = Client(
                "key",
                host=self.box.customerio.url,
                segment_write_key=key,
                segment_host=self.box.segment.url,
                state_dir=self.state,
                stage_file=self.stage_file,
                **PACE,
            )
            with taken.open("a", buffering=1) as file:
                for message_id in new:
                    if client.track(message_id, "E", message_id=message_id)[0]:
                        file.write(f"{message_id}\n")
            client.flush(0.15)
            client._pipeline.close(0.1)

        self.run(live, death)
        self.promised = taken.read_text().split() if taken.exists() else []

    @rule(death=deaths, key=st.sampled_from(KEYS))
    def drain(self, death: Death, key: str = "") -> None:
        """Deliver what dead processes left; in the end, with each key."""
        for each in [key] if key else KEYS:
            self.run(lambda each=each: drain(self.settings(each), timeout_s=1), death)  # type: ignore[misc]  # bound now

    @rule(death=deaths, key=st.sampled_from(KEYS))
    def requeue(self, death: Death, key: str = "") -> None:
        """Put all letters of a key back; in the end, of each."""
        for each in [key] if key else KEYS:
            letters = list(read_dead_letters(self.state / "dead-letters"))
            self.run(lambda each=each, letters=letters: requeue(self.settings(each), letters), death)  # type: ignore[misc]  # bound now

    @rule(death=deaths, key=st.sampled_from(KEYS))
    def replay_to_segment(self, death: Death, key: str = KEYS[0]) -> None:
        """Send what Segment lacks, out of the calls that were promised."""
        if not self.promised:
            return  # an archive without a call is bad input
        path = self.folder / "calls.jsonl"
        about = {"type": "track", "event": "E", "timestamp": DAY}
        calls = [{"messageId": each, "userId": each, **about} for each in self.promised]
        path.write_text("".join(json.dumps(call) + "\n" for call in calls))
        options = RunOptions(patience_s=0.1, resend_unknown=not self.is_whole)  # a ledger that is gone is refused
        self.run(
            lambda: replay(
                "segment", "ledger+archive", archive=f"jsonl:{path}", settings=self.settings(key), options=options
            ),
            death,
        )

    @rule()
    def lose_ledgers(self) -> None:
        """Somebody removes the ledgers, as a cleaner does."""
        if (self.state / "ledger").exists():
            shutil.rmtree(self.state / "ledger")
            self.is_whole = False

    # What holds

    @invariant()
    def safe_only_if_segment_has_all(self) -> None:
        """Safe is never said while Segment lacks a message."""
        if hasattr(self, "folder") and self.promised and self.way_back().is_safe:
            assert set(self.promised) <= set(self.box.segment.message_ids())

    # How

    def way_back(self) -> WayBack:
        way = look(self.stage_file, [self.state], now=utc_now()).way_back
        assert way is not None
        return way

    def settings(self, key: str) -> Settings:
        return Settings.load(
            write_key="key",
            host=self.box.customerio.url,
            segment_write_key=key,
            segment_host=self.box.segment.url,
            state_dir=self.state,
            stage_file=self.stage_file,
            **PACE,
        )

    def run(self, work: Callable[[], object], death: Death) -> None:
        step(self.folder, work, death)


def _run(examples: int, steps: int) -> None:
    with Sandbox() as SafeMachine.box:
        run_machine(SafeMachine, examples, steps)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_safe_is_said_only_when_segment_has_all_whatever_happened() -> None:
    """A few histories."""
    _run(3, 6)


@pytest.mark.soak
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_many_histories_of_the_way_back() -> None:
    """Many, and long ones."""
    _run(300, 20)
