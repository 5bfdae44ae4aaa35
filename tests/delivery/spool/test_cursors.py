"""The file of cursors: lines with a checksum, of which the last whole one counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines_client.delivery.spool import cursors as module
from pipelines_client.delivery.spool.cursors import Cursor, Cursors, Standing, newest_whole, read_standing
from pipelines_client.errors import SpoolEmptyError, StateDamagedError
from pipelines_client.state.ledger import Outcome

START = Standing("w", {"a": "mark-a", "b": "mark-b"}, {"a": Cursor(), "b": Cursor()})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with three lines."""
    path = tmp_path / "w.db"
    cursors = Cursors.create(path, START)
    cursors.refuse({"a": (Outcome.DROPPED, "too_large")}, 1)
    cursors.refuse({"b": (Outcome.DROPPED, "too_large")}, 2)
    cursors.close()
    return path


def test_what_was_written_is_read(path: Path) -> None:
    """The last line holds everything."""
    standing = read_standing(path)
    assert (standing.cursors["a"].refused, standing.cursors["b"].refused) == (1, 2)
    assert standing.legs == START.legs


def test_any_wrong_bit_in_the_last_line_is_damage_and_the_line_before_counts(path: Path) -> None:
    """Whatever it hits, there is one kind of error and no other."""
    data = path.read_bytes()
    begin = data[:-1].rindex(b"\n") + 1
    for place in range(begin, len(data) - 1):
        path.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        with pytest.raises(StateDamagedError):
            read_standing(path)
        before = newest_whole(path)
        assert before is not None
        assert before.cursors["b"].refused == 0


def test_a_torn_line_was_never_there(path: Path) -> None:
    """A kill in the middle of a write; the next process goes on behind it."""
    data = path.read_bytes()
    path.write_bytes(data[:-5])
    assert read_standing(path).cursors["b"].refused == 0
    cursors = Cursors(path, read_standing(path))
    cursors.refuse({"a": (Outcome.DROPPED, "too_large")}, 1)
    cursors.close()
    assert read_standing(path).cursors["a"].refused == 2


def test_an_empty_file_is_unfinished(path: Path) -> None:
    """Its process was killed while it made it."""
    path.write_bytes(b"")
    with pytest.raises(SpoolEmptyError):
        read_standing(path)


def test_the_file_does_not_grow_without_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is replaced by its last line."""
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 2_000)
    cursors = Cursors(path, read_standing(path))
    for _ in range(100):
        cursors.refuse({"a": (Outcome.DROPPED, "queue_full")}, 1)
        assert path.stat().st_size <= 2_000
    cursors.close()
    assert read_standing(path).cursors["a"].refused == 101


def test_a_lease_gets_longer_with_each_process_that_dies_in_it_and_ends_with_an_answer() -> None:
    """No answer came: the messages may have arrived, and sending them again soon helps no one."""
    cursors = Cursors(None, START)
    leases = []
    for _ in range(3):
        cursors.attempt("a", 5, newest=(9, 900), now=1_000, lease_s=10)
        leases.append(cursors.standing.cursors["a"].leased_until - 1_000)
    assert leases == [10, 20, 40]
    cursors.end_attempt("a")
    assert cursors.standing.cursors["a"].leased_until == 0
    assert cursors.standing.cursors["a"].attempt.seq == 5
    cursors.settle("a", (5, 500), module.Tally())
    assert cursors.standing.cursors["a"].attempt.seq == 0


def test_our_own_attempts_are_no_lease() -> None:
    """The next process may send them at once: they came twice at most then."""
    cursors = Cursors(None, START)
    cursors.attempt("a", 5, newest=(9, 900), now=1_000, lease_s=0)
    assert cursors.standing.cursors["a"].leased_until == 0
    assert cursors.standing.newest == (9, 900)
