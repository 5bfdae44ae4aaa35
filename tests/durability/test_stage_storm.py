"""A storm of stage edits, by commands and by hand, while three processes write: each message as its stage promises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any

import pytest
from fleet import UPLOAD_SIZE, WRITERS, Fleet
from proof import DRAIN, Evidence

from pipelines_client.cutover import actions
from pipelines_client.cutover.journal import journal_path, read_journal
from pipelines_client.cutover.moving import BACK, ON, Why, move
from pipelines_client.errors import PipelinesError
from pipelines_client.routing.cohorts import in_cohort
from pipelines_client.routing.plan import Stage, Switch
from pipelines_client.routing.stagefile import read_stage_file
from pipelines_client.sides import SIDES
from pipelines_client.state.ledger import DeliveryRecord, read_ledger

LOW, HIGH = 0.3, 0.6
"""The shares that are set: below the first, a person is always in, and above the second, never."""


def is_promised(record: DeliveryRecord) -> bool:
    """Return whether an outcome is one that the stage with which a message was stamped may have for this leg."""
    stage, found = Stage(record.stage), (record.outcome.value, record.reason)
    if record.leg == stage.left_out:
        return found == ("skipped", "stage")
    if record.leg != stage.partial:
        return found == ("accepted", None)
    surely, possibly = (in_cohort(record.identity, share=share, salt="") for share in (LOW, HIGH))
    return (possibly and found == ("accepted", None)) or (not surely and found == ("skipped", "cohort"))


class Storm:
    """Threads that edit one stage file as fast as they can."""

    def __init__(self, stage_file: Path, state: Path) -> None:
        self.stage_file, self.state = stage_file, state
        self.done: Counter[str] = Counter()
        self.unexpected: list[str] = []
        self._over = Event()
        kinds = (self._move, self._share, self._switch, self._by_hand)
        self._threads = [Thread(target=self._go_on, args=(kind, Random(kind.__name__))) for kind in kinds]

    def rage(self, seconds: float) -> None:
        """Edit for so long; what is wrong for a moment is right at the end."""
        for thread in self._threads:
            thread.start()
        self._over.wait(seconds)
        self._over.set()
        for thread in self._threads:
            thread.join()
        for side in SIDES:
            actions.switch(self.stage_file, side, Switch.ON, by="end")

    def _go_on(self, edit: Callable[[Random], str], random: Random) -> None:
        while not self._over.is_set():
            try:
                self.done[edit(random)] += 1
            except PipelinesError:
                self.done["refused"] += 1  # the file is half written, or another edit came first
            except Exception as error:  # noqa: BLE001 - a thread has no other way to say it
                self.unexpected.append(f"{type(error).__name__}: {error}")
            self._over.wait(random.uniform(0, 0.5 if edit == self._by_hand else 0.03))  # else no command comes through

    def _move(self, random: Random) -> str:
        way, why = random.choice((ON, BACK)), Why("storm", "storm", force=True)
        moved = move(way, self.stage_file, states=[self.state], history=None, to=None, why=why)
        return moved.change.action if moved.is_new else "there already"

    def _share(self, random: Random) -> str:
        side = random.choice(SIDES)
        share = random.choice((LOW, HIGH))
        return actions.set_share(self.stage_file, side, share, by="storm").action

    def _switch(self, random: Random) -> str:
        position = random.choice((Switch.ON, Switch.OFF))
        return actions.switch(self.stage_file, random.choice(SIDES), position, by="storm").action

    def _by_hand(self, random: Random) -> str:
        """Write another stage, by an editor that knows of no lock; now and then a half file first."""
        text, fresh = self.stage_file.read_text(), self.stage_file.with_suffix(".new")
        stage = read_stage_file(self.stage_file).stage.value
        if random.random() < 0.2:
            self.stage_file.write_text('stage = "du')
        fresh.write_text(text.replace(f'"{stage}"', f'"{random.choice(list(Stage)).value}"', 1))
        fresh.replace(self.stage_file)
        return "by hand"


@pytest.mark.parametrize("seconds", [2, pytest.param(22, marks=pytest.mark.soak)])
def test_a_storm_of_edits_loses_nothing_and_each_message_is_where_its_stage_says(
    start: Any, evidence: Evidence, tmp_path: Path, say: Callable[[str], None], seconds: float
) -> None:
    """The journal has each change of a command once, and its stages are one chain up to the file's."""
    stage_file = tmp_path / "stage.toml"
    actions.start(stage_file, Stage.DUAL)
    for side in SIDES:
        actions.set_share(stage_file, side, LOW)
    settings = {
        "PIPELINES_STAGE_FILE": str(stage_file),
        "PIPELINES_STAGE_POLL_S": "0.02",
        "PIPELINES_UPLOAD_SIZE": str(UPLOAD_SIZE),
        "PIPELINES_LEDGER_IDENTITY": "plain",
        "PIPELINES_UPLOAD_INTERVAL": "0.02",
    }
    fleet = Fleet(lambda script, **more: start(script, **settings, **more), tmp_path, seed=7)
    fleet.write(5)
    storm = Storm(stage_file, evidence.state_dir)
    storm.rage(seconds)
    fleet.write(5)
    fleet.kill_all()
    start(DRAIN, **settings).finish()

    assert storm.unexpected == []
    last = {(record.message_id, record.leg): record for record in read_ledger(evidence.state_dir / "ledger").records}
    assert [record for record in last.values() if not is_promised(record)] == []
    for leg in SIDES:
        assert fleet.acknowledged - {id_ for id_, its_leg in last if its_leg == leg} == set()
        accepted = {id_ for (id_, its_leg), record in last.items() if its_leg == leg and record.outcome == "accepted"}
        assert evidence.delivered[leg].keys() == accepted
        assert evidence.duplicates[leg] <= UPLOAD_SIZE * (WRITERS + 1) * fleet.killed
    assert all(last[id_, "segment"].stage == last[id_, "customerio"].stage for id_ in fleet.acknowledged)
    assert evidence.status().is_balanced

    changes = read_journal(journal_path(stage_file)).changes
    assert [two for one, two in pairwise(changes) if two.before is not one.after] == []
    assert changes[-1].after is read_stage_file(stage_file).stage
    made = Counter(change.action for change in changes if change.by == "storm")
    assert made == Counter({action: count for action, count in storm.done.items() if action in made})
    assert {"share", "switch"} <= set(made)
    counts = Counter(last[id_, "segment"].stage for id_ in fleet.acknowledged)
    say(f"a storm of {seconds} s: edits {dict(storm.done)}; messages by stage {dict(counts)}")
