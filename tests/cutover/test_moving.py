"""One step from stage to stage: where it goes, of two at once, and from a stage that has changed meanwhile."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from stage_files import NOW, change, make_state

from pipelines_client.clock import utc_now
from pipelines_client.cutover.actions import advance, rollback
from pipelines_client.cutover.change import change_stage_file, read_both
from pipelines_client.cutover.gates import Obstacle
from pipelines_client.cutover.moving import BACK, ON, BlockedError, Moved, Way, Why, move
from pipelines_client.errors import ConfigError
from pipelines_client.routing.plan import Stage


@pytest.fixture
def stage_file(tmp_path: Path) -> Path:
    """A stage file at `live`."""
    make_state(tmp_path / "state")
    started = change("start", None, "live", "2026-12-01T08:00:00.000Z")
    change_stage_file(tmp_path / "stage.toml", {("stage",): "live"}, started)
    return tmp_path / "stage.toml"


def options(stage_file: Path, **more: Any) -> dict[str, Any]:
    return {"states": [stage_file.parent / "state"], "by": "kim", "now": NOW, **more}


def test_a_stage_that_is_there_already_changes_nothing(stage_file: Path) -> None:
    """The line that led to it is returned; the journal gets none."""
    first = rollback(stage_file, **options(stage_file, to=Stage.DUAL))
    before = stage_file.read_bytes()
    assert rollback(stage_file, **options(stage_file, to=Stage.DUAL)) == first
    assert advance(stage_file, **options(stage_file, to=Stage.DUAL)) == first
    assert stage_file.read_bytes() == before
    assert len(read_both(stage_file, now=NOW)[1].changes) == 2


def test_a_stage_that_nothing_dates_is_there_already_too(stage_file: Path) -> None:
    """A file of another clock, without a journal: it is left as it is, and the way on is open to a step by force."""
    (stage_file.parent / "stage-log.jsonl").unlink()
    now = utc_now() - timedelta(days=30)
    found = advance(stage_file, **options(stage_file, to=Stage.LIVE, now=now))
    assert (found.action, found.after) == ("by hand", Stage.LIVE)
    done = advance(stage_file, **options(stage_file, now=now, force=True, reason="rehearsal"))
    assert (done.before, done.after) == (Stage.LIVE, Stage.COMPLETE)


@pytest.mark.parametrize(
    ("call", "to", "words"),
    [
        (rollback, Stage.SHADOW, "cannot roll back from live to shadow; the next one is dual"),
        (rollback, Stage.COMPLETE, "the next one is dual"),
        (advance, Stage.DUAL, "cannot advance from live to dual; the next one is complete"),
    ],
)
def test_a_stage_that_is_not_the_next_one_is_refused(stage_file: Path, call: Any, to: Stage, words: str) -> None:
    """Beyond it, or in the other direction."""
    with pytest.raises(ConfigError, match=words):
        call(stage_file, **options(stage_file, to=to))


@pytest.mark.parametrize("to", [None, Stage.DUAL])
def test_of_several_who_go_back_at_once_one_does(stage_file: Path, to: Stage | None) -> None:
    """Each ends well, at the same line of the journal."""
    together, done, states = Barrier(4), [], [stage_file.parent / "state"]
    begun_at = utc_now() - timedelta(seconds=1)

    def go() -> None:
        together.wait()
        done.append(move(BACK, stage_file, states=states, history=None, to=to, why=Why(), begun_at=begun_at).change)

    threads = [Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file, journal = read_both(stage_file, now=NOW)
    assert (file.stage, len(journal.changes)) == (Stage.DUAL, 2)
    assert done == [journal.changes[-1]] * 4


def test_a_command_means_the_stage_that_was_there_when_it_was_started(stage_file: Path) -> None:
    """However long it took to load: what another one did since is not done again, and not undone."""
    before, states = NOW - timedelta(seconds=5), [stage_file.parent / "state"]
    first = rollback(stage_file, **options(stage_file))

    def late(way: Way) -> Moved:
        later = NOW + timedelta(seconds=1)
        return move(way, stage_file, states=states, history=None, to=None, why=Why(), now=later, begun_at=before)

    assert (late(BACK).change, late(BACK).is_new) == (first, False)
    with pytest.raises(BlockedError, match="changed the stage to dual just now") as caught:
        late(ON)
    assert not caught.value.can_be_forced
    assert read_both(stage_file, now=NOW)[0].stage is Stage.DUAL


def test_what_cannot_be_forced_stays_blocked_beside_what_can() -> None:
    """And what is forced needs a reason."""
    hard, soft = Obstacle("stage", "no", can_be_forced=False), Obstacle("parity", "no")
    with pytest.raises(BlockedError):
        Why("why", force=True).check([soft, hard], "cannot")
    with pytest.raises(BlockedError):
        Why("why").check([soft], "cannot")
    with pytest.raises(ConfigError):
        Why(force=True).check([soft], "cannot")
    Why("why", force=True).check([soft], "cannot")
    Why().check([], "cannot")


def test_a_step_says_what_was_seen_before_it(stage_file: Path) -> None:
    """So that a command can say what is to be replayed."""
    moved = move(BACK, stage_file, states=[stage_file.parent / "state"], history=None, to=None, why=Why(), now=NOW)
    assert moved.is_new
    assert moved.overview.stage is Stage.LIVE
    assert moved.overview.way_back is not None
    assert moved.overview.way_back.is_safe


def test_a_step_writes_down_at_which_hosts_it_looked(stage_file: Path) -> None:
    """So that an answer that leaves one of them out later is unknown, also beside a fleet's stage file."""
    state = stage_file.parent / "state"
    (state / "ledger" / "2026-12-01" / "web-1-7-0a.jsonl").touch()
    assert rollback(stage_file, **options(stage_file)).hosts == ("web-1",)
    assert read_both(stage_file, now=NOW)[1].looked == read_both(stage_file, now=NOW)[1].last
