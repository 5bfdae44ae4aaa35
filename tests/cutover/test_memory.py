"""What state directories remember of a journal whose folder is switched as a whole."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path

import pytest
from stage_files import change, make_state

from pipelines_client.cutover.actions import accept_lost, advance, rollback, start
from pipelines_client.cutover.change import read_both
from pipelines_client.cutover.journal import Journal, StageChange, journal_path, read_journal
from pipelines_client.cutover.memory import memory_path, recalled, remember
from pipelines_client.cutover.overview import look
from pipelines_client.routing.plan import Stage

FORCED = {"force": True, "reason": "rehearsal"}


def now() -> datetime:
    return datetime.now(timezone.utc)


def at(day: str) -> str:
    return f"2026-12-{day}T09:00:00.000Z"


STARTED = change("start", None, "dual", at("01"))
WENT = change("advance", "dual", "live", at("03"))
WENT_ON = change("advance", "live", "complete", at("05"))
FOUND = change("by hand", None, "live", at("09"))


class Mount:
    """A folder with a stage file in it that is replaced as a whole: `current` is a link that is switched."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0
        self.stage_file = folder / "current" / "stage.toml"

    def switch(self, stage: str) -> None:
        """Lay another folder with another stage there, and remove the one of before."""
        self.count += 1
        place, link = self.folder / f"copy-{self.count}", self.folder / "next"
        place.mkdir()
        (place / "stage.toml").write_text(f'stage = "{stage}"\n')
        link.symlink_to(place.name)
        link.replace(self.folder / "current")


@pytest.fixture
def mount(tmp_path: Path) -> Mount:
    """The mounted folder, at `dual`."""
    (tmp_path / "mount").mkdir()
    mount = Mount(tmp_path / "mount")
    mount.switch("dual")
    return mount


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state directory of a process that has ended."""
    return make_state(tmp_path / "state")


def test_the_beginning_of_a_stage_outlives_the_folder_in_which_the_journal_was(mount: Mount, state: Path) -> None:
    """Each switch takes the journal beside the file along; the stage begins when it was first seen all the same."""
    first = look(mount.stage_file, [state], now=now()).journal
    mount.switch("dual")
    assert not journal_path(mount.stage_file).exists()
    assert look(mount.stage_file, [state], now=now()).journal == first
    assert not journal_path(mount.stage_file).exists()  # nothing has changed
    mount.switch("live")
    second = look(mount.stage_file, [state], now=now()).journal
    assert [line.what for line in second.changes] == ["dual", "dual → live"]
    mount.switch("live")
    assert look(mount.stage_file, [state], now=now()).journal == second
    assert read_both(mount.stage_file, now=now())[1].changes[0].before is None  # who has no state directory knows less


def test_what_commands_have_done_is_remembered_too(mount: Mount, state: Path) -> None:
    """A step, and what was accepted as lost."""
    (state / "ledger" / "2026-12-02").mkdir()
    gone = '{{"message_id":"m","leg":"{}","outcome":"dropped","reason":"spool_full","writer":"w"}}\n'
    (state / "ledger" / "2026-12-02" / "v.jsonl").write_text(gone.format("segment") + gone.format("customerio"))
    advance(mount.stage_file, states=[state], **FORCED)  # type: ignore[arg-type]
    accepted = accept_lost(mount.stage_file, states=[state], reason="known")
    mount.switch("live")
    journal = look(mount.stage_file, [state], now=now()).journal
    assert accepted in journal.changes
    assert journal.began(Stage.LIVE) == journal.changes[1]
    assert (journal.changes[1].action, journal.changes[1].before) == ("advance", Stage.DUAL)


def test_a_folder_that_may_only_be_read_has_its_journal_in_the_state_directories_alone(
    mount: Mount, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of a config map: the stage was found once, and began then."""
    nowhere = mount.folder / "none" / "log.jsonl"
    monkeypatch.setattr("pipelines_client.cutover.change.journal_path", lambda _: nowhere)
    first = look(mount.stage_file, [state], now=now()).journal
    os.utime(mount.stage_file)
    assert look(mount.stage_file, [state], now=now()).journal == first
    assert len(first.changes) == 1


def test_what_is_no_state_directory_gets_no_file(mount: Mount, tmp_path: Path) -> None:
    """Nor does one that may only be read hold a command up."""
    (tmp_path / "documents").mkdir()
    with pytest.raises(Exception, match="not a state directory"):
        look(mount.stage_file, [tmp_path / "documents"], now=now())
    assert list((tmp_path / "documents").iterdir()) == []
    remember(Journal((STARTED,)), mount.stage_file, [tmp_path / "nowhere"])


def test_another_stage_file_has_another_memory(tmp_path: Path, state: Path) -> None:
    """A journal that begins with `start` is whole: what was remembered of an earlier one is not before it."""
    path = tmp_path / "stage.toml"
    remember(Journal((STARTED, WENT)), path, [state])
    assert recalled(Journal(), tmp_path / "other.toml", [state]) == Journal()
    start(path, Stage.DUAL)
    assert [line.action for line in look(path, [state], now=now()).journal.changes] == ["start"]
    rollback(path, states=[state], **FORCED)  # type: ignore[arg-type]
    assert [line.action for line in read_journal(memory_path(state, path)).changes] == ["start", "rollback"]


def test_a_journal_that_was_restored_from_an_old_copy_lacks_nothing(tmp_path: Path, state: Path) -> None:
    """Its end is remembered as its beginning is."""
    path = tmp_path / "stage.toml"
    start(path, Stage.DUAL)
    old = journal_path(path).read_bytes()
    advance(path, states=[state], **FORCED)  # type: ignore[arg-type]
    whole = read_journal(journal_path(path))
    journal_path(path).write_bytes(old)
    assert look(path, [state], now=now()).journal == whole


@pytest.mark.parametrize(
    ("kept", "beside", "whole"),
    [
        ((STARTED, WENT), (), (STARTED, WENT)),
        ((), (FOUND,), (FOUND,)),
        ((STARTED, WENT), (FOUND,), (STARTED, WENT)),
        ((STARTED,), (FOUND,), (STARTED, FOUND.model_copy(update={"before": Stage.DUAL}))),
        ((STARTED, WENT), (FOUND, WENT_ON), (STARTED, WENT, WENT_ON)),
        ((STARTED, WENT), (WENT, WENT_ON), (STARTED, WENT, WENT_ON)),
        ((WENT, WENT_ON), (FOUND, WENT), (FOUND, WENT, WENT_ON)),
        ((STARTED, WENT, WENT_ON), (WENT,), (STARTED, WENT, WENT_ON)),
        ((FOUND, WENT_ON), (FOUND, WENT_ON), (FOUND, WENT_ON)),
    ],
)
def test_each_line_is_there_once_and_in_its_order(
    tmp_path: Path,
    kept: tuple[StageChange, ...],
    beside: tuple[StageChange, ...],
    whole: tuple[StageChange, ...],
) -> None:
    """A stage that was found in a new folder is not a change if it is the one that was there."""
    path = tmp_path / "stage.toml"
    remember(Journal(kept), path, [tmp_path])
    found = recalled(Journal(beside, (7,)), path, [tmp_path])
    assert (found.changes, found.unreadable) == (whole, (7,))
    remember(found, path, [tmp_path])
    before = memory_path(tmp_path, path).stat().st_ino
    remember(found, path, [tmp_path])
    assert memory_path(tmp_path, path).stat().st_ino == before
    assert (
        recalled(Journal(beside), path, [tmp_path]).changes
        == whole
        == read_journal(memory_path(tmp_path, path)).changes
    )
