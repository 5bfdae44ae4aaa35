"""The file of cursors: lines with a checksum, of which the last whole one counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines_client.delivery.spool import cursors as module
from pipelines_client.delivery.spool.cursors import (
    Attempt,
    Cursor,
    Cursors,
    Standing,
    newest_whole,
    read_standing,
    set_aside,
)
from pipelines_client.errors import SpoolClosedError, SpoolEmptyError, StateDamagedError
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


def test_a_lease_gets_longer_with_each_process_that_dies_in_it_and_ends_with_its_request() -> None:
    """No answer came: the messages may have arrived, and sending them again soon helps no one."""
    standing, leases = START, []
    for _ in range(8):
        cursors = Cursors(None, standing)
        for _ in range(2):  # a batch that is split does not make it longer
            cursors.attempt("a", 5, newest=(9, 900), now=1_000, lease_s=10)
        leases.append(cursors.standing.cursors["a"].leased_until - 1_000)
        standing = cursors.standing.inherited()
        assert standing.cursors["a"].leased_until == cursors.standing.cursors["a"].leased_until
        assert standing.cursors["a"].attempt.seq == 0
    assert leases == [10, 20, 40, 80, 160, 320, 640, 640]
    cursors.end_attempt("a", is_answered=False)
    assert cursors.standing.cursors["a"].leased_until == 0
    assert cursors.standing.cursors["a"].attempt.seq == 5
    cursors.attempt("a", 5, newest=(9, 900), now=1_000, lease_s=10)
    assert cursors.standing.cursors["a"].leased_until == 1_010
    cursors.end_attempt("a", is_answered=True)
    assert cursors.standing.cursors["a"].leased_until == 0
    assert cursors.standing.cursors["a"].attempt.seq == 0


def test_what_was_under_way_in_dead_processes_is_known_message_by_message() -> None:
    """Also after a part of it was settled, and for messages that only the second one sent."""
    first = Cursors(None, START)
    first.attempt("a", 5, newest=(9, 900), now=1_000, lease_s=0)
    second = Cursors(None, first.standing.inherited())
    assert not second.standing.cursors["a"].is_in_doubt
    second.attempt("a", 3, newest=(9, 900), now=1_000, lease_s=10)
    second.settle("a", (3, 300), module.Tally())
    second.attempt("a", 8, newest=(9, 900), now=1_000, lease_s=10)
    third = second.standing.inherited().cursors["a"]
    assert (third.attempt.once, third.attempt.twice) == (8, 5)
    assert third.is_in_doubt
    answered = Cursors(None, second.standing)
    answered.end_attempt("a", is_answered=True)
    cursor = answered.standing.inherited().cursors["a"]
    assert (cursor.attempt.once, cursor.attempt.twice, cursor.is_in_doubt) == (5, 0, False)


def test_our_own_attempts_are_no_lease() -> None:
    """The next process may send them at once: they came twice at most then."""
    cursors = Cursors(None, START)
    cursors.attempt("a", 5, newest=(9, 900), now=1_000, lease_s=0)
    assert cursors.standing.cursors["a"].leased_until == 0
    assert cursors.standing.newest == (9, 900)


def test_a_lease_of_what_is_settled_binds_nobody() -> None:
    """It is about messages that wait: from the first behind the cursor to the last that was under way."""
    for attempt in (Attempt(5, 1_000.0), Attempt(0, 1_000.0, once=5)):
        assert [Cursor(seq, attempt=attempt).leased_until for seq in (4, 5, 6)] == [1_000.0, 0.0, 0.0]
    assert [Cursor(seq, attempt=Attempt(twice=5)).is_in_doubt for seq in (4, 5)] == [True, False]


def test_what_waits_is_what_the_log_has_beyond_a_cursor() -> None:
    """A log that lost its end has nothing beyond it; one leg with a message is enough not to be settled."""
    behind, level, beyond = Cursor(4), Cursor(9), Cursor(10)
    standing = Standing("w", START.legs, {"behind": behind, "level": level, "beyond": beyond}, newest=(9, 900))
    assert [standing.pending(leg) for leg in ("behind", "level", "beyond")] == [5, 0, 0]
    settled = [
        replace(standing, cursors={str(n): cursor for n, cursor in enumerate(cursors)}).is_settled
        for cursors in ((), (behind,), (level, beyond), (level, behind))
    ]
    assert settled == [True, False, True, False]


def test_resent_messages_add_up(path: Path) -> None:
    """Over all processes, in the file."""
    for count in (2, 3):
        cursors = Cursors(path, read_standing(path))
        cursors.count_resent("b", count)
        cursors.close()
    assert [read_standing(path).cursors[leg].resent for leg in ("a", "b")] == [0, 5]


def test_a_file_that_is_gone_or_another_one_is_not_in_place(path: Path) -> None:
    """Until it is written again; one that is closed takes no change."""
    cursors = Cursors.create(path, START)
    assert cursors.is_in_place
    moved = path.rename(path.with_suffix(".moved"))
    assert not cursors.is_in_place
    path.write_bytes(moved.read_bytes())
    assert not cursors.is_in_place
    cursors.rewrite()
    assert cursors.is_in_place
    cursors.close_file()
    assert cursors.is_in_place
    path.unlink()
    assert not cursors.is_in_place
    cursors.close()
    assert cursors.is_in_place
    with pytest.raises(SpoolClosedError):
        cursors.count_resent("a", 1)
    cursors.remove()
    assert Cursors(None, START).is_in_place


def test_a_file_without_a_whole_line_or_with_empty_blocks_is_damaged_and_set_aside(path: Path) -> None:
    """A crash of the machine leaves zeros; what was set aside once is no trouble the second time."""
    for data in (b"no line", path.read_bytes() + b"\0\0"):
        path.write_bytes(data)
        with pytest.raises(StateDamagedError):
            read_standing(path)
    for _ in range(2):
        set_aside(path)
    assert [file.name for file in path.parent.iterdir()] == ["w.db.damaged"]
