"""The journal of stage changes."""

from __future__ import annotations

from pathlib import Path

from stage_files import change

from pipelines_client.cutover.change import change_stage_file
from pipelines_client.cutover.journal import journal_path, read_journal


def test_a_torn_line_of_the_journal_is_counted_and_spoils_none(tmp_path: Path) -> None:
    """What a kill left is passed over, and the next line is not glued to it."""
    path = tmp_path / "stage.toml"
    path.write_text('stage = "dual"\n')
    journal_path(path).write_text('{"at": "2026')
    change_stage_file(path, {("stage",): "live"}, change("advance", "dual", "live", "2026-12-01T09:00:00.000Z"))
    found = read_journal(journal_path(path))
    assert ([line.action for line in found.changes], found.unread_lines) == (["advance"], 1)
