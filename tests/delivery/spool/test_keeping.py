"""A living spool whose files were removed, or whose descriptors were closed, goes on and loses nothing in memory."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines_client.delivery.spool import logfiles
from pipelines_client.delivery.spool import spool as spool_module
from pipelines_client.delivery.spool.leftovers import open_dead, sweep
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.errors import SpoolLostError
from pipelines_client.state.ledger import Outcome

LEGS = {"customerio": "mark-c"}
STAMP = b'{"stage":"dual"'
ACCEPTED = (Outcome.ACCEPTED, "")


@pytest.fixture
def living(tmp_path: Path) -> Iterator[Spool]:
    """A spool with five messages, two of them settled."""
    spool = Spool(tmp_path / "w.db", legs=LEGS, writer="w")
    for number in range(5):
        append(spool, number)
    spool.settle("customerio", everything(spool)[:2], Counter({ACCEPTED: 2}))
    yield spool
    spool.close()


def append(spool: Spool, number: int) -> int:
    return spool.append(STAMP, b"%d" % number, {})


def everything(spool: Spool) -> list[Any]:
    return spool.read("customerio", max_bytes=1 << 20, max_count=1 << 20)


def descriptors_in(folder: Path) -> set[int]:
    """Return this process's descriptors of files in a folder."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if link.readlink().is_relative_to(folder):
                found.add(int(link.name))
    return found


def bodies_left(path: Path) -> list[bytes]:
    """Return what the next process finds."""
    spool = open_dead(path)
    assert spool is not None
    found = [entry.body for entry in everything(spool)]
    spool.close()
    return found


@pytest.mark.parametrize("gone", ["w.db", "w.lock", "w.1.log", "w.db w.lock w.1.log"])
def test_removed_files_are_written_anew_at_the_next_batch(living: Spool, tmp_path: Path, gone: str) -> None:
    """A cleaner of old files: afterwards a kill costs nothing that memory held."""
    for name in gone.split():
        (tmp_path / name).unlink()
    living.settle("customerio", everything(living)[:1], Counter({ACCEPTED: 1}))
    append(living, 5)
    assert living.counts("customerio") == (6, 3, Counter({ACCEPTED: 3}))
    living.close()
    assert bodies_left(tmp_path / "w.db") == [b"3", b"4", b"5"]


def test_a_removed_folder_is_made_again_by_who_knows_where(tmp_path: Path) -> None:
    """The holder of the state directory makes it; the spool writes its files there."""
    folder = tmp_path / "spool"

    def made() -> Path:
        folder.mkdir(exist_ok=True)
        return folder

    spool = Spool(made() / "w.db", legs=LEGS, writer="w", folder=made)
    append(spool, 0)
    shutil.rmtree(folder)
    assert spool.keep()
    spool.close()
    assert bodies_left(folder / "w.db") == [b"0"]


def test_what_memory_no_longer_holds_is_counted_as_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that held it is gone, and the folder is surely ours: the cursor may pass it."""
    monkeypatch.setattr(spool_module, "MAX_TAIL_BYTES", 3)
    monkeypatch.setattr(logfiles, "FILE_BYTES", 200)
    spool = Spool(tmp_path / "w.db", legs=LEGS, writer="w")
    for number in range(9):
        append(spool, number)
    (tmp_path / "w.1.log").unlink()
    lost = [entry.is_lost for entry in everything(spool)]
    assert len(lost) == 9
    assert 0 < sum(lost) < 9
    assert lost == sorted(lost, reverse=True)
    spool.close()


def test_a_folder_that_is_not_ours_is_not_taken_for_a_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Merely not found: a mount that is away for a moment must not move a cursor."""
    monkeypatch.setattr(spool_module, "MAX_TAIL_BYTES", 3)
    monkeypatch.setattr(logfiles, "FILE_BYTES", 200)
    folder = tmp_path / "spool"
    folder.mkdir()
    spool = Spool(folder / "w.db", legs=LEGS, writer="w")
    for number in range(9):
        append(spool, number)
    folder.rename(tmp_path / "away")
    with pytest.raises(OSError, match="No such file"):
        everything(spool)
    (tmp_path / "away").rename(folder)
    assert not any(entry.is_lost for entry in everything(spool))
    spool.close()


def test_no_byte_goes_into_a_descriptor_that_another_file_has_now(living: Spool, tmp_path: Path) -> None:
    """A daemoniser closes all descriptors, and the application opens files: each stays empty and open."""
    own = descriptors_in(tmp_path)
    assert len(own) == 3
    for number in own:
        os.close(number)
    foreign = {os.open(tmp_path / f"foreign-{n}", os.O_RDWR | os.O_CREAT) for n in range(3)}
    assert foreign == own
    append(living, 5)
    living.settle("customerio", everything(living)[:1], Counter({ACCEPTED: 1}))
    living.close()
    assert [(tmp_path / f"foreign-{n}").stat().st_size for n in range(3)] == [0, 0, 0]
    for number in foreign:
        os.close(number)
    assert bodies_left(tmp_path / "w.db") == [b"3", b"4", b"5"]


def test_a_spool_that_another_process_took_over_is_left_to_it(living: Spool, tmp_path: Path) -> None:
    """Its lock was lost with its descriptors: two processes must not send the same messages."""
    for number in descriptors_in(tmp_path):
        os.close(number)
    reading, writing = os.pipe()
    heir = os.fork()
    if not heir:
        spool = open_dead(tmp_path / "w.db")
        os.write(writing, b"%d" % len(everything(spool)) if spool is not None else b"busy")
        signal.pause()
    assert os.read(reading, 10) == b"3"
    with pytest.raises(SpoolLostError):
        living.settle("customerio", everything(living)[:1], Counter({ACCEPTED: 1}))
    assert living.is_lost
    assert not living.close(remove_if_settled=True)
    os.kill(heir, signal.SIGKILL)
    os.waitpid(heir, 0)
    os.close(reading)
    os.close(writing)


def test_a_forked_child_takes_over_what_its_parent_left(tmp_path: Path) -> None:
    """A daemon: the child has copies of all descriptors, and closes those that are locked."""
    reading, writing = os.pipe()
    parent = os.fork()
    if not parent:
        spool = Spool(tmp_path / "w.db", legs=LEGS, writer="w")
        append(spool, 0)
        if os.fork():
            os._exit(0)
        heir = None
        while heir is None:
            heir = open_dead(tmp_path / "w.db")
        os.write(writing, b"%d" % len(everything(heir)))
        os._exit(0)
    os.waitpid(parent, 0)
    os.close(writing)
    assert os.read(reading, 10) == b"1"
    os.close(reading)


def test_a_backup_that_reads_all_files_gives_nothing_away(living: Spool, tmp_path: Path) -> None:
    """A POSIX lock is lost when its process opens and closes the file again; this one is not."""
    for path in tmp_path.iterdir():
        path.read_bytes()
    assert open_dead(tmp_path / "w.db") is None
    assert living.is_ours


def test_a_log_that_is_locked_protects_a_spool_whose_lock_file_was_removed(living: Spool, tmp_path: Path) -> None:
    """Until its owner notices, no process takes it over."""
    (tmp_path / "w.lock").unlink()
    (tmp_path / "w.db").unlink()
    assert open_dead(tmp_path / "w.db") is None
    assert living.keep()
    assert living.is_ours


@pytest.mark.parametrize("left", [b"", None])
def test_a_log_that_was_cut_or_removed_is_counted_from_what_was_written_down(
    tmp_path: Path, left: bytes | None
) -> None:
    """A loss of power leaves an empty file: the cursors know how far the log went."""
    spool = Spool(tmp_path / "w.db", legs=LEGS, writer="w")
    for number in range(5):
        append(spool, number)
    spool.note_newest()
    spool.close()
    log = tmp_path / "w.1.log"
    log.unlink() if left is None else log.write_bytes(left)
    heir = open_dead(tmp_path / "w.db")
    assert heir is not None
    assert [entry.is_lost for entry in everything(heir)] == [True] * 5
    heir.close()


def test_a_lock_file_without_a_spool_goes(tmp_path: Path) -> None:
    """A kill between the two last steps of a removal leaves it."""
    (tmp_path / "w.lock").touch()
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []
