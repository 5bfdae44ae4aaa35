"""`pipelines_client.files`: atomic replacement, creation once, locks, appended lines."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipelines_client.files import (
    append_line,
    create_file,
    lock,
    locked_log,
    open_lock,
    private_file,
    replace_file,
    replacing,
)


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def write_half(path: Path, error: BaseException) -> None:
    with replacing(path) as file:
        file.write(b"half of the n")
        raise error


@pytest.mark.parametrize("mode", [0o600, 0o644])
@pytest.mark.parametrize("sync", [False, True])
def test_a_replaced_file_has_the_new_content_and_mode_and_nothing_is_left_beside_it(tmp_path, mode, sync):
    """A replacement creates or overwrites the file and removes its temporary name."""
    path = tmp_path / "run.json"
    for content in (b"one", b"two"):
        replace_file(path, content, mode=mode, sync=sync)
    assert (path.read_bytes(), mode_of(path), names_in(tmp_path)) == (b"two", mode, ["run.json"])


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_replacement_that_fails_leaves_the_old_file_alone(tmp_path, error):
    """Whatever ends the block, the old content stays and the temporary file goes."""
    path = tmp_path / "run.json"
    path.write_bytes(b"old")
    with pytest.raises(type(error)):
        write_half(path, error)
    assert (path.read_bytes(), names_in(tmp_path)) == (b"old", ["run.json"])


@pytest.mark.parametrize("before", [None, 0o600, 0o644, 0o666])
def test_a_private_file_is_its_owners_only_from_the_first_byte(tmp_path, before):
    """Also if it existed, readable by others, with a longer content."""
    path = tmp_path / "export.jsonl"
    if before is not None:
        path.write_bytes(b"what was there before")
        path.chmod(before)
    with private_file(path) as file:
        file.write(b"personal")
        file.flush()
        assert mode_of(path) == 0o600
    assert (path.read_bytes(), mode_of(path)) == (b"personal", 0o600)


def test_a_file_that_cannot_be_kept_from_others_keeps_its_content_and_gets_none_of_ours(tmp_path, monkeypatch):
    """The permissions of another user's file cannot be changed."""
    path = tmp_path / "export.jsonl"
    path.write_bytes(b"theirs")

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.fchmod", refuse)
    with pytest.raises(PermissionError), private_file(path):
        pass
    assert path.read_bytes() == b"theirs"


def test_what_is_not_a_file_is_written_as_it_is():
    """Devices and pipes have no permissions to change."""
    with private_file(Path(os.devnull)) as file:
        file.write(b"x")


def test_of_many_that_create_a_file_one_does_and_all_see_the_same(tmp_path):
    """`create_file` answers True once, and the file is whole and private."""
    path = tmp_path / "identity.key"
    with ThreadPoolExecutor(8) as threads:
        created = list(threads.map(lambda number: create_file(path, b"%d" % number * 1000), range(8)))
    assert (sum(created), len(path.read_bytes()), mode_of(path)) == (1, 1000, 0o600)
    assert names_in(tmp_path) == ["identity.key"]


def test_a_lock_excludes_others_and_shared_ones_exclude_only_the_exclusive(tmp_path):
    """Two descriptors of one file meet the rules of two processes."""
    first, second = open_lock(tmp_path / "x.lock"), open_lock(tmp_path / "x.lock")
    assert (lock(first), lock(second), lock(second, is_shared=True)) == (True, False, False)
    assert (lock(first, is_shared=True), lock(second, is_shared=True), lock(second)) == (True, True, False)
    os.close(first)
    assert lock(second)
    os.close(second)


def test_a_line_is_never_glued_to_one_that_a_kill_has_torn(tmp_path):
    """A torn last line stays a line by itself."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"whole\nto")
    for line in (b"next", b"last"):
        with locked_log(path) as file:
            append_line(file, line)
    assert path.read_bytes() == b"whole\nto\nnext\nlast\n"
