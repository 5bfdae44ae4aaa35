"""The stage is changed by library calls: what they return, what they write, what they refuse."""

from __future__ import annotations

import errno
import os
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from stage_files import make_state, write_ledger

from pipelines_client.cutover.actions import BlockedError, advance, rollback, set_share, start, switch
from pipelines_client.cutover.gates import Obstacle
from pipelines_client.cutover.journal import journal_path, read_journal
from pipelines_client.errors import ConfigError, StageFileError
from pipelines_client.routing.plan import Stage, Switch
from pipelines_client.routing.stagefile import read_stage_file
from pipelines_client.state.runfile import LegReport, RunFile

NOW = datetime(2026, 12, 10, 12, tzinfo=timezone.utc)


@pytest.fixture
def stage_file(tmp_path: Path) -> Path:
    """A new stage file beside an idle state directory."""
    make_state(tmp_path / "state")
    start(tmp_path / "stage.toml", by="kim")
    return tmp_path / "stage.toml"


def states_of(stage_file: Path) -> list[Path]:
    return [stage_file.parent / "state"]


def test_each_call_returns_the_line_of_the_journal(stage_file: Path) -> None:
    """And the file has what the line says."""
    changes = [
        advance(stage_file, states=states_of(stage_file), reason="keys are set", by="kim", now=NOW),
        set_share(stage_file, "customerio", 0.25, by="kim"),
        switch(stage_file, "customerio", Switch.OFF, by="kim"),
        rollback(stage_file, states=states_of(stage_file), by="kim", now=NOW),
    ]
    assert [change.what for change in changes] == [
        "segment → shadow",
        "customerio.share = 0.25",
        "customerio.switch = off",
        "shadow → segment",
    ]
    assert read_journal(journal_path(stage_file)).changes[1:] == tuple(changes)
    file = read_stage_file(stage_file)
    assert (file.stage, file.customerio.share, file.customerio.switch) == (Stage.SEGMENT, 0.25, Switch.OFF)


def test_a_blocked_change_carries_its_obstacles(stage_file: Path) -> None:
    """Each has its kind, its side and its words; a reason forces it."""
    advance(stage_file, states=states_of(stage_file), now=NOW)
    switch(stage_file, "customerio", Switch.OFF)
    with pytest.raises(BlockedError, match="cannot advance to dual; blocked by: parity: shadow needs 3") as caught:
        advance(stage_file, states=states_of(stage_file), now=NOW)
    assert [(obstacle.kind, obstacle.side) for obstacle in caught.value.obstacles] == [
        ("parity", None),
        ("switch", "customerio"),
    ]
    assert caught.value.can_be_forced
    with pytest.raises(ConfigError, match="needs a reason"):
        advance(stage_file, states=states_of(stage_file), force=True, now=NOW)
    change = advance(stage_file, states=states_of(stage_file), force=True, reason="agreed", now=NOW)
    assert change.is_forced
    assert change.in_the_way == tuple(map(str, caught.value.obstacles))


def test_there_is_no_stage_before_the_first(stage_file: Path) -> None:
    """Force does not help."""
    with pytest.raises(BlockedError, match="segment is the first stage") as caught:
        rollback(stage_file, states=states_of(stage_file), force=True, reason="try", now=NOW)
    assert not caught.value.can_be_forced
    assert not BlockedError("no", [Obstacle("parity", "no"), *caught.value.obstacles]).can_be_forced


def test_what_cannot_be_set_changes_nothing(stage_file: Path) -> None:
    """A leg that does not exist, a share beyond one, a file that exists."""
    before = stage_file.read_text()
    with pytest.raises(ConfigError, match="mixpanel is not a leg"):
        set_share(stage_file, "mixpanel", 0.5)  # type: ignore[arg-type]
    with pytest.raises(StageFileError, match="share"):
        set_share(stage_file, "segment", 7)
    with pytest.raises(StageFileError, match="already exists"):
        start(stage_file)
    assert stage_file.read_text() == before


WAITS = LegReport(3, 3, 0, {}, {}, {})
IDLE = LegReport(0, 0, 0, {}, {}, {})


@pytest.mark.parametrize(
    ("stage", "more", "leg", "words"),
    [
        (
            Stage.COMPLETE,
            "",
            "customerio",
            "customerio counts at complete: 3 messages that wait for it would be dropped",
        ),
        (Stage.LIVE, "", "customerio", "customerio counts at live: 3 messages"),
        (Stage.DUAL, "", "segment", "segment counts at dual: 3 messages"),
        (Stage.DUAL, "", "customerio", None),
        (Stage.LIVE, "", "segment", None),
        (
            Stage.DUAL,
            '[segment]\nswitch = "discard"\n',
            "customerio",
            "customerio is the only leg that takes messages: 3",
        ),
        (Stage.SEGMENT, "", "customerio", None),
        (
            Stage.SEGMENT,
            '[handover]\nat = "2999-01-01T00:00:00Z"\n',
            "customerio",
            "the hand-over leaves messages to customerio alone: 3",
        ),
    ],
)
def test_discarding_where_messages_would_be_lost_is_blocked_with_how_many(
    tmp_path: Path, stage: Stage, more: str, leg: Any, words: str | None
) -> None:
    """The leg counts, or is the only one; with force and a reason it is done, and the journal has both."""
    path, state = tmp_path / "stage.toml", make_state(tmp_path / "state")
    start(path, stage)
    path.write_text(path.read_text() + more)
    RunFile({"customerio": WAITS, "segment": WAITS}, state="closed").write(state / "run" / "x.json")
    if words is None:
        assert not switch(path, leg, Switch.DISCARD, states=[state]).is_forced
        return
    with pytest.raises(BlockedError, match=words) as caught:
        switch(path, leg, Switch.DISCARD, states=[state])
    assert caught.value.can_be_forced
    assert not switch(path, leg, Switch.OFF, states=[state]).is_forced
    with pytest.raises(ConfigError, match="needs a reason"):
        switch(path, leg, Switch.DISCARD, states=[state], force=True)
    change = switch(path, leg, Switch.DISCARD, states=[state], force=True, reason="the vendor lost our contract")
    assert words in change.in_the_way[0]
    assert read_stage_file(path).customerio.switch is Switch.DISCARD or leg == "segment"


def test_what_waits_for_one_leg_alone_is_not_discarded_unasked(tmp_path: Path) -> None:
    """At `dual`, messages from `complete` that Segment left out still wait for Customer.io."""
    path, state = tmp_path / "stage.toml", make_state(tmp_path / "state")
    start(path, Stage.DUAL)
    RunFile({"customerio": WAITS, "segment": IDLE}, state="closed").write(state / "run" / "x.json")
    write_ledger(state, ("a", "segment", "skipped", "stage"), ("b", "segment", "skipped", "stage"))
    with pytest.raises(
        BlockedError, match=r"3 messages that wait for it would be dropped, and Segment lacks 2 of them"
    ):
        switch(path, "customerio", Switch.DISCARD, states=[state])


def test_without_a_state_directory_it_is_not_known_how_many_would_be_dropped(tmp_path: Path) -> None:
    """So it is at least none."""
    start(tmp_path / "stage.toml", Stage.COMPLETE)
    with pytest.raises(BlockedError, match="at least 0 messages"):
        switch(tmp_path / "stage.toml", "customerio", Switch.DISCARD)


def test_a_share_that_leaves_messages_without_a_leg_is_blocked(tmp_path: Path) -> None:
    """At `live` all that Customer.io denies went to Segment; a share of people there would lose some."""
    path = tmp_path / "stage.toml"
    start(path, Stage.LIVE)
    path.write_text(path.read_text() + '[segment]\nshare = 1\n[customerio.deny]\nevents = ["Raw Click"]\n')
    with pytest.raises(BlockedError, match="no leg would take what is on the deny list of customerio"):
        set_share(path, "segment", 0.5)
    assert set_share(path, "segment", 0.5, force=True, reason="agreed").is_forced
    assert not set_share(path, "segment", 0.4).is_forced  # it was so before


def test_the_example_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who pastes it gets what the page says."""
    page = (Path(__file__).parents[2] / "docs" / "cutover.md").read_text("utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "docs/cutover.md", "exec"), {})  # noqa: S102 - our own page


def test_a_file_that_was_lost_is_begun_again_where_its_journal_ends(stage_file: Path) -> None:
    """At `segment`, as a new one, all processes would leave the stage at which they are."""
    for _ in range(2):
        advance(stage_file, states=states_of(stage_file), force=True, reason="rehearsal", now=NOW)
    stage_file.unlink()
    with pytest.raises(StageFileError, match=r"restore it, or .*: pipelines-client cutover start --stage dual"):
        rollback(stage_file, states=states_of(stage_file))
    assert start(stage_file).after is Stage.DUAL
    stage_file.unlink()
    assert start(stage_file, Stage.SHADOW).after is Stage.SHADOW
    journal_path(stage_file).unlink()
    stage_file.unlink()
    assert start(stage_file).after is Stage.SEGMENT


def test_a_change_that_fails_leaves_no_line(stage_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a folder that may only be read, or on a full disk."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    lines = journal_path(stage_file).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StageFileError, match="No space left"):
            set_share(stage_file, "customerio", 0.25)
    assert journal_path(stage_file).read_bytes() == lines
    set_share(stage_file, "customerio", 0.25)
