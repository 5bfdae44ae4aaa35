"""Changes of the stage file."""

from __future__ import annotations

from pathlib import Path
from threading import Barrier, Thread

import pytest
from stage_files import change

from pipelines_client.cutover.change import change_stage_file
from pipelines_client.cutover.journal import Journal, journal_path, read_journal
from pipelines_client.errors import StageFileError
from pipelines_client.routing.plan import Stage

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
