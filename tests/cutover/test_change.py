"""Changes of the stage file."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier, Thread

import pytest
from stage_files import NOW, change

from pipelines_client.clock import iso_utc
from pipelines_client.cutover.change import change_stage_file, edited_file, read_both, read_current
from pipelines_client.cutover.journal import Journal, journal_path, read_journal
from pipelines_client.errors import StageFileError
from pipelines_client.routing.plan import Stage
from pipelines_client.routing.stagefile import parse_tables

COMMENTED = """\
# ours
stage = "dual"  # since Monday
salt = 'x'

[customerio]
switch = "on"   # or off
"""


def test_a_change_keeps_comments_and_leaves_the_rest(tmp_path: Path) -> None:
    """Only the value changes; a table that is missing comes at the end; the file's rights stay."""
    path = tmp_path / "stage.toml"
    path.write_text(COMMENTED)
    path.chmod(0o640)
    edits = {("stage",): "live", ("customerio", "switch"): "off", ("segment", "share"): 0.5}
    change_stage_file(path, edits, change("advance", "dual", "live", "2026-12-01T09:00:00.000Z"))
    changed = COMMENTED.replace('"dual"', '"live"').replace('"on" ', '"off"')
    assert path.read_text() == changed.replace('"off"  #', '"off"   #') + "\n[segment]\nshare = 0.5\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [line.after for line in read_journal(journal_path(path)).changes] == [Stage.LIVE]


def test_of_two_who_advance_at_once_one_does(tmp_path: Path) -> None:
    """The gates were asked of the stage that the file had: the second one fails."""
    path = tmp_path / "stage.toml"
    path.write_text('stage = "dual"\n')
    together, told = Barrier(6), []

    def advance() -> None:
        together.wait()
        try:
            change_stage_file(path, {("stage",): "live"}, change("advance", "dual", "live", "2026-12-01T09:00:00.000Z"))
        except StageFileError as error:
            told.append(str(error))

    threads = [Thread(target=advance) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 5
    assert all("another user" in text for text in told)
    assert len(read_journal(journal_path(path)).changes) == 1


def test_a_change_that_would_make_a_wrong_file_changes_nothing(tmp_path: Path) -> None:
    """Neither the file nor the journal."""
    path = tmp_path / "stage.toml"
    path.write_text('stage = "dual"\n')
    with pytest.raises(StageFileError, match="share"):
        change_stage_file(
            path, {("segment", "share"): 7.0}, change("share", "dual", "dual", "2026-12-01T09:00:00.000Z")
        )
    assert path.read_text() == 'stage = "dual"\n'
    assert read_journal(journal_path(path)) == Journal()


@pytest.mark.parametrize("mode", [0o600, 0o645])
def test_a_new_file_is_for_all_to_read_and_one_that_is_there_keeps_its_rights(tmp_path: Path, mode: int) -> None:
    """Processes of other users follow it, and other users look into its journal, under any mask of the first."""
    path = tmp_path / "stage.toml"
    before = os.umask(0o077)
    change_stage_file(path, {}, change("start", None, "segment", "2026-12-01T09:00:00.000Z"))
    os.umask(before)
    assert path.stat().st_mode & 0o777 == journal_path(path).stat().st_mode & 0o777 == 0o644
    path.chmod(mode)
    change_stage_file(path, {("salt",): "x"}, change("share", "segment", "segment", "2026-12-01T09:00:00.000Z"))
    assert path.stat().st_mode & 0o777 == mode
    with pytest.raises(StageFileError, match="already exists"):
        change_stage_file(path, {}, change("start", None, "segment", "2026-12-01T09:00:00.000Z"))


def test_an_error_says_what_to_do(tmp_path: Path) -> None:
    """Write a file that is missing, repair one that is wrong, and give the right to the file that it is about."""
    path = tmp_path / "stage.toml"
    with pytest.raises(StageFileError, match="cutover start"):
        read_current(path)
    path.write_text("stage = 7")
    with pytest.raises(StageFileError, match="repair it"):
        read_current(path)
    (tmp_path / "stage-log.jsonl").mkdir()
    path.write_text('stage = "dual"\n')
    with pytest.raises(StageFileError, match=r"stage-log\.jsonl cannot be written .*a folder, not a file"):
        change_stage_file(path, {}, change("share", "dual", "dual", "2026-12-01T09:00:00.000Z"))


SPELLINGS = {
    "plain": 'stage = "dual"\n',
    "no newline at the end": 'stage = "dual"',
    "windows": '# ours\r\nstage = "dual"\r\n[segment]\r\nshare = 0.5\r\n',
    "byte order mark": '\ufeffstage = "dual"\n',
    "dotted keys": 'stage = "dual"\ncustomerio.share = 0.25\ncustomerio.switch = "on"\n',
    "inline tables": 'stage = "dual"\ncustomerio = { share = 0.25, deny = { events = ["a"] } }\nplan={live={share=1}}',
    "quoted keys": '"stage" = \'dual\'\n["customerio"]\n"switch" = "on"\n',
    "nested before its parent": 'stage = "dual"\n[customerio.deny]\nevents = ["a"]\n[customerio]\nshare = 0.25\n',
    "tables in between": 'stage = "dual"\n[customerio.allow]\nids = ["a"]\n[segment]\n[customerio.deny]\nids = ["b"]\n',
    "arrays over lines": 'stage = "dual"\n[customerio.deny]\nevents = [\n  "a", # why\n  "b",\n]\n',
    "multi-line text": "stage = \"\"\"dual\"\"\"\nsalt = '''a\nb'''\n",
}
EDITS = {("stage",): "live", ("customerio", "switch"): "off", ("segment", "share"): 0.25}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_file_by_hand_is_changed_in_its_values_alone(tmp_path: Path, name: str) -> None:
    """However it is spelled."""
    path = tmp_path / "stage.toml"
    path.write_bytes(SPELLINGS[name].encode())
    expected = parse_tables(SPELLINGS[name].encode())
    change_stage_file(path, EDITS, change("advance", "dual", "live", "2026-12-01T09:00:00.000Z"))
    expected["stage"] = "live"
    expected.setdefault("customerio", {})["switch"] = "off"
    expected.setdefault("segment", {})["share"] = 0.25
    assert parse_tables(path.read_bytes()) == expected
    assert ("# why" in SPELLINGS[name]) == ("# why" in path.read_text())


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("edits", [EDITS, {("stage",): "live"}, {("segment", "share"): 0.25}])
def test_what_the_user_wrote_stays_byte_for_byte_besides_the_change(
    tmp_path: Path, name: str, edits: dict[tuple[str, ...], str | float]
) -> None:
    """Line ends and the byte order mark, too; what is new ends as the first line does."""
    path, before = tmp_path / "stage.toml", SPELLINGS[name].encode()
    path.write_bytes(before)
    change_stage_file(path, edits, change("advance", "dual", "live", "2026-12-01T09:00:00.000Z"))
    after = path.read_bytes()
    assert after.startswith(b"\xef\xbb\xbf") == before.startswith(b"\xef\xbb\xbf")
    is_windows = b"\r\n" in before
    assert after.count(b"\r\n") == (after.count(b"\n") if is_windows else 0)
    lines = after.split(b"\n")
    kept = [
        line for line in before.split(b"\n") if b"stage" not in line and b"share" not in line and b"switch" not in line
    ]
    assert [line for line in kept if line.strip() and line not in lines] == []


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_ends_of_lines_that_differ_stay_as_they_are(tmp_path: Path, end: str) -> None:
    """A file that two editors have written; a line without an end gets that of the first one."""
    path = tmp_path / "stage.toml"
    path.write_bytes(f'stage = "dual"{end}# one\n# two\r\nsalt = "x"'.encode())
    change_stage_file(path, {("segment", "share"): 0.5}, change("share", "dual", "dual", "2026-12-01T09:00:00.000Z"))
    expected = f'stage = "dual"{end}# one\n# two\r\nsalt = "x"{end}[segment]{end}share = 0.5{end}'
    assert path.read_bytes().decode() == expected


def test_of_two_names_of_one_file_one_change_at_a_time_is_made(tmp_path: Path) -> None:
    """They have two journals; no edit is lost between them."""
    real, link = tmp_path / "real" / "stage.toml", tmp_path / "stage.toml"
    real.parent.mkdir()
    link.symlink_to(real)
    change_stage_file(link, {}, change("start", None, "segment", "2026-12-01T09:00:00.000Z"))
    journal_path(real).touch()
    together, places = Barrier(2), [("customerio", "share"), ("segment", "share")]

    def set_all(path: Path, place: tuple[str, str]) -> None:
        together.wait()
        for number in range(20):
            change_stage_file(
                path, {place: number / 100}, change("share", "segment", "segment", "2026-12-01T09:00:00.000Z")
            )

    threads = [Thread(target=set_all, args=each) for each in zip((real, link), places, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file = read_current(real)
    assert (file.customerio.share, file.segment.share) == (0.19, 0.19)


def test_without_edits_only_the_journal_is_written(tmp_path: Path) -> None:
    """The file stays the same one."""
    path = tmp_path / "stage.toml"
    path.write_text('stage = "dual"\n')
    before = path.stat().st_ino
    change_stage_file(path, {}, change("accept", "dual", "dual", "2026-12-01T09:00:00.000Z"))
    assert path.stat().st_ino == before
    assert [line.action for line in read_journal(journal_path(path)).changes] == ["accept"]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_stage_file_that_is_no_file_is_said_at_once(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """By all that looks into it or changes it."""
    path = tmp_path / "stage.toml"
    make(path)
    for look in (read_current, lambda path: edited_file(path, EDITS), lambda path: read_both(path, now=NOW)):
        with pytest.raises(StageFileError, match="not a file"):
            look(path)
    with pytest.raises(StageFileError, match=r"not a file"):
        change_stage_file(path, EDITS, change("advance", "dual", "live", "2026-12-01T09:00:00.000Z"))


def test_what_a_file_would_be_is_read_without_changing_it(tmp_path: Path) -> None:
    """With the errors of a change."""
    path = tmp_path / "stage.toml"
    path.write_text('stage = "dual"\n')
    assert edited_file(path, {("segment", "share"): 0.5}).segment.share == 0.5
    with pytest.raises(StageFileError, match="share"):
        edited_file(path, {("segment", "share"): 7.0})
    assert path.read_text() == 'stage = "dual"\n'
    path.unlink()
    with pytest.raises(StageFileError, match="cannot be read"):
        edited_file(path, {})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_what_root_changes_its_owner_can_still_read(tmp_path: Path) -> None:
    """Owner, group, permissions and attributes stay; a new journal gets those of the file."""
    path = tmp_path / "stage.toml"
    path.write_text('stage = "dual"\n')
    os.chown(tmp_path, 1234, 1234)
    os.chown(path, 1234, 2345)
    path.chmod(0o640)
    try:
        os.setxattr(path, "user.note", b"ours")
        attributes = ["user.note"]
    except OSError as error:
        assert error.errno == errno.ENOTSUP  # noqa: PT017 - a file system without them
        attributes = []
    change_stage_file(path, {("stage",): "live"}, change("advance", "dual", "live", "2026-12-01T09:00:00.000Z"))
    status, journal = path.stat(), journal_path(path).stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (1234, 2345, 0o640)
    assert (journal.st_uid, journal.st_gid, journal.st_mode & 0o777) == (1234, 2345, 0o640)
    assert [name for name in os.listxattr(path) if name.startswith("user.")] == attributes
    assert sorted(each.name for each in tmp_path.iterdir()) == ["stage-log.jsonl", "stage.toml"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """What it leads to is changed; the journal is beside the link, which stays."""
    real = tmp_path / "real" / "stage.toml"
    real.parent.mkdir()
    real.write_text('stage = "dual"\n')
    link = tmp_path / "stage.toml"
    link.symlink_to(real)
    change_stage_file(link, {("stage",): "live"}, change("advance", "dual", "live", "2026-12-01T09:00:00.000Z"))
    assert link.is_symlink()
    assert read_current(link).stage is Stage.LIVE
    assert sorted(each.name for each in tmp_path.iterdir()) == ["real", "stage-log.jsonl", "stage.toml"]


def test_a_stage_that_was_set_by_hand_gets_a_line_once_and_begins_when_the_file_was_changed(tmp_path: Path) -> None:
    """The line is of the time of the inode: a copy that keeps its times is as new as it is."""
    path, now = tmp_path / "stage.toml", datetime.now(timezone.utc)
    change_stage_file(path, {("stage",): "dual"}, change("start", None, "dual", "2020-12-01T09:00:00.000Z"))
    path.write_text('stage = "live"\n')
    os.utime(path, (0, 0))
    file, journal = read_both(path, now=now.replace(year=now.year + 1))
    began = journal.began(Stage.LIVE)
    assert began is not None
    assert (file.stage, began.action, began.before, began.after) == (Stage.LIVE, "by hand", Stage.DUAL, Stage.LIVE)
    assert began.at >= iso_utc(now)[:19]
    assert read_both(path, now=now)[1] == read_journal(journal_path(path)) == journal
    assert len(journal.changes) == 2


def test_a_file_without_a_journal_begins_one(tmp_path: Path) -> None:
    """As configuration management leaves it; the time is never later than now, and no time of another clock."""
    path, now = tmp_path / "stage.toml", datetime.now(timezone.utc) - timedelta(hours=1)
    path.write_text('stage = "live"\n')
    assert read_both(path, now=now - timedelta(days=1))[1].changes == ()
    (line,) = read_both(path, now=now)[1].changes
    assert (line.before, line.after, line.at) == (None, Stage.LIVE, iso_utc(now))


def test_a_link_that_was_switched_dates_the_stage_too(tmp_path: Path) -> None:
    """A config map leads through a folder that is a link: the file in the new folder may be older."""
    old, data = tmp_path / "old", tmp_path / "data"
    old.mkdir()
    (old / "stage.toml").write_text('stage = "live"\n')
    before = (old / "stage.toml").stat().st_ctime_ns
    while True:  # until the clock of the file system has moved on
        data.unlink(missing_ok=True)
        data.symlink_to(old)
        if data.lstat().st_ctime_ns > before + 2_000_000:
            break
    (tmp_path / "stage.toml").symlink_to("data/stage.toml")
    began = read_both(tmp_path / "stage.toml", now=datetime.now(timezone.utc))[1].changes[0]
    assert began.at > iso_utc(datetime.fromtimestamp(before / 1e9, tz=timezone.utc))


def test_a_journal_that_may_not_be_written_is_completed_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may only read sees the same stage and the same beginning."""
    path = tmp_path / "stage.toml"
    path.write_text('stage = "live"\n')
    monkeypatch.setattr("pipelines_client.cutover.change.journal_path", lambda _: tmp_path / "none" / "log.jsonl")
    (line,) = read_both(path, now=datetime.now(timezone.utc))[1].changes
    assert (line.action, line.after) == ("by hand", Stage.LIVE)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["stage.toml"]
