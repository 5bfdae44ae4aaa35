"""`pipelines_client.files`: atomic replacement, creation once, locks, and what is not a file."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipelines_client.files import (
    create_file,
    lock,
    open_lock,
    open_regular,
    private_file,
    read_given,
    read_regular,
    replace_file,
    replace_given,
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


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_a_private_file_is_private_under_its_other_name_too(tmp_path, link):
    """A link leads to a file that others could read."""
    other, path = tmp_path / "public.jsonl", tmp_path / "export.jsonl"
    other.touch()
    other.chmod(0o664)
    getattr(path, link)(other)
    with private_file(path) as file:
        file.write(b"personal")
    assert (other.read_bytes(), mode_of(other), mode_of(path)) == (b"personal", 0o600, 0o600)


def test_a_private_file_that_cannot_be_written_whole_is_named_and_the_callers_error_comes_first():
    """A full disk shows at the end, since the last bytes are kept back until then."""

    def write(error: Exception | None) -> None:
        with private_file(Path("/dev/full")) as file:
            file.write(b"x")
            if error is not None:
                raise error

    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        write(None)
    with pytest.raises(KeyError):
        write(KeyError())


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


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as ours:
        ours.bind(str(path))


KINDS = {
    "a pipe": make_pipe,
    "a socket": make_socket,
    "a folder": Path.mkdir,
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("words", KINDS)
@pytest.mark.parametrize("read", [open_regular, read_regular, read_given])
def test_what_is_not_a_file_is_refused_at_once_and_named(tmp_path, monkeypatch, words, read):
    """A pipe without a writer never answers, and a device never ends."""
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    path = Path("it")
    KINDS[words](path)
    with pytest.raises(OSError, match="not a file") as caught:
        read(path)
    assert (caught.value.strerror, caught.value.filename) == (f"it is {words}, not a file", "it")


def test_a_file_that_is_far_too_large_is_not_read(tmp_path):
    """Its size is looked at first; one that says 0, as those of the system do, is read no further either."""
    path = tmp_path / "stage.toml"
    path.touch()
    os.truncate(path, 1 << 40)
    with pytest.raises(OSError, match="has more than 7 bytes"):
        read_regular(path, most_bytes=7)
    with pytest.raises(OSError, match="has more than 7 bytes"):
        read_regular(Path("/proc/self/status"), most_bytes=7)
    path.write_bytes(b"exactly")
    assert (read_regular(path, most_bytes=7), read_regular(path)) == (b"exactly", b"exactly")


def test_a_pipe_that_a_shell_has_opened_is_read_as_the_file_that_a_person_means():
    """As `<(…)` and `… |` are: their writer is there. So are they only where an option is read once."""
    script = (
        "from pathlib import Path; from pipelines_client.files import read_given; print(read_given(Path('/dev/stdin')))"
    )
    done = subprocess.run([sys.executable, "-c", script], input=b"given", capture_output=True, check=True, timeout=60)
    assert done.stdout.strip() == b"b'given'"
    reading, writing = os.pipe()
    os.write(writing, b"given")
    os.close(writing)
    with os.fdopen(reading):
        assert read_given(Path(f"/dev/fd/{reading}")) == b"given"
        with pytest.raises(OSError, match="a pipe"):
            read_regular(Path(f"/dev/fd/{reading}"))


def test_a_file_that_is_named_is_replaced_whole_and_stays_as_it_was(tmp_path: Path) -> None:
    """Its permissions, and the link that leads to it; a new one is as any the user makes, and a pipe is written."""
    kept, link, new = tmp_path / "kept", tmp_path / "link", tmp_path / "new"
    kept.write_bytes(b"old")
    kept.chmod(0o640)
    link.symlink_to(kept)
    held = kept.open("rb")
    replace_given(link, b"text")
    replace_given(new, b"text")
    assert held.read() == b"old"
    held.close()
    (tmp_path / "usual").touch()
    assert (link.is_symlink(), kept.read_bytes(), mode_of(kept)) == (True, b"text", 0o640)
    assert (new.read_bytes(), mode_of(new)) == (b"text", mode_of(tmp_path / "usual"))
    command = f"from pathlib import Path; from {replace_given.__module__} import *; "
    command += "replace_given(Path('/dev/stdout'), b'text')"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, check=True)
    assert done.stdout == b"text"
    assert sorted(names_in(tmp_path)) == ["kept", "link", "new", "usual"]
