"""Files of lines to which processes append in turn."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipelines_client.state.lines import append_line, locked_log, read_log


def test_a_line_is_never_glued_to_one_that_a_kill_has_torn(tmp_path):
    """A torn last line stays a line by itself."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"whole\nto")
    for line in (b"next", b"last"):
        with locked_log(path) as file:
            append_line(file, line)
    assert path.read_bytes() == b"whole\nto\nnext\nlast\n"


def test_a_log_that_another_process_holds_is_waited_for_and_not_for_ever(tmp_path, monkeypatch):
    """A command that was stopped by Ctrl-Z in the middle holds it until it goes on or ends."""
    path = tmp_path / "log.jsonl"
    monkeypatch.setattr("pipelines_client.files._LOCK_WAIT_S", 0.05)
    with locked_log(path), pytest.raises(TimeoutError, match="another command holds it"), locked_log(path):
        pass
    with locked_log(path) as file:
        append_line(file, b"one")
    assert path.read_bytes() == b"one\n"


@pytest.mark.parametrize(
    ("words", "make"),
    [("a pipe", os.mkfifo), ("a folder", Path.mkdir), ("a device", lambda path: path.symlink_to("/dev/null"))],
)
def test_a_log_that_is_not_a_file_is_refused(tmp_path, words, make):
    """A line that is written to a device is lost."""
    path = tmp_path / "log.jsonl"
    make(path)
    with pytest.raises(OSError, match=words), locked_log(path):
        pass


@pytest.mark.parametrize("mode", [0o640, 0o664])
def test_a_new_log_has_the_permissions_of_the_file_that_it_is_about(tmp_path, mode):
    """Who may change that file writes its log, too; one that is there keeps its own."""
    like, path = tmp_path / "stage.toml", tmp_path / "log.jsonl"
    like.touch()
    like.chmod(mode)
    with locked_log(path, like=like):
        pass
    assert path.stat().st_mode & 0o777 == mode
    path.chmod(0o600)
    with locked_log(path, like=like):
        pass
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_cannot_be_read_is_counted_and_a_missing_log_is_empty(tmp_path):
    """A kill may tear the last one; blank lines are none."""
    path = tmp_path / "history.jsonl"
    assert read_log(path, int) == ((), 0)
    path.write_bytes(b"1\n\n2\nthr")
    assert read_log(path, int) == ((1, 2), 1)
