"""The stage is changed by library calls: what they return, what they write, what they refuse."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path

import pytest

from pipelines_client.cutover.actions import BlockedError, advance, rollback, set_share, start, switch
from pipelines_client.cutover.journal import journal_path, read_journal
from pipelines_client.errors import ConfigError, StageFileError
from pipelines_client.routing.plan import Stage, Switch
from pipelines_client.routing.stagefile import read_stage_file

NOW = datetime(2026, 12, 10, 12, tzinfo=timezone.utc)


@pytest.fixture
def stage_file(tmp_path: Path) -> Path:
    """A new stage file beside an idle state directory."""
    (tmp_path / "state" / "run").mkdir(parents=True)
    start(tmp_path / "stage.toml", by="kim")
    return tmp_path / "stage.toml"


def states_of(stage_file: Path) -> list[Path]:
    return [stage_file.parent / "state"]


def test_each_call_returns_the_line_of_the_journal(stage_file: Path) -> None:
    """And the file has what the line says."""
    changes = [
        advance(stage_file, states=states_of(stage_file), reason="keys are set", by="kim", now=NOW),
        set_share(stage_file, "customerio", 0.25, by="kim"),
        switch(stage_file, "segment", Switch.OFF, by="kim"),
        rollback(stage_file, states=states_of(stage_file), by="kim", now=NOW),
    ]
    assert [change.what for change in changes] == [
        "segment → shadow",
        "customerio.share = 0.25",
        "segment.switch = off",
        "shadow → segment",
    ]
    assert read_journal(journal_path(stage_file)).changes[1:] == tuple(changes)
    file = read_stage_file(stage_file)
    assert (file.stage, file.customerio.share, file.segment.switch) == (Stage.SEGMENT, 0.25, Switch.OFF)


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


def test_the_example_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who pastes it gets what the page says."""
    page = (Path(__file__).parents[2] / "docs" / "cutover.md").read_text("utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "docs/cutover.md", "exec"), {})  # noqa: S102 - our own page
