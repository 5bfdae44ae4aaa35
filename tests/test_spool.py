"""The durable log by itself, in a file and in memory."""

from __future__ import annotations

import sqlite3
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines_client.delivery import spool as spool_module
from pipelines_client.delivery.entry import Entry
from pipelines_client.delivery.spool import Spool
from pipelines_client.errors import SpoolBusyError, SpoolClosedError, SpoolError
from pipelines_client.ledger import Outcome

LEGS = {"customerio": "mark-c", "segment": "mark-s"}
ACCEPTED = (Outcome.ACCEPTED, "")


def entry(number: int, *, size: int = 10, skips: dict[str, str] | None = None) -> Entry:
    return Entry(
        f"m{number}",
        "track",
        "E",
        "id",
        "2026-11-02T09:30:00.000Z",
        "2026-11-02T09:30:00.000Z",
        "h",
        "dual",
        skips or {},
        b"x" * size,
    )


def numbers(messages: list[Any]) -> list[int]:
    return [int(message.entry.message_id[1:]) for message in messages]


def everything(spool: Spool, leg: str) -> list[Any]:
    return spool.read(leg, max_bytes=1 << 30, max_count=1 << 30)


@pytest.fixture(params=["disk", "memory"])
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """One contract, both places."""
    made = Spool(tmp_path / "w.db" if request.param == "disk" else None, legs=LEGS, writer="w")
    yield made
    made.close()


def test_reading_twice_gives_the_same_until_settled(spool: Spool) -> None:
    """Only `settle` moves a leg's cursor, and only that leg's."""
    for number in range(5):
        spool.append(entry(number))
    first = spool.read("customerio", max_bytes=1_000, max_count=3)
    assert numbers(first) == numbers(spool.read("customerio", max_bytes=1_000, max_count=3)) == [0, 1, 2]
    spool.settle("customerio", first, Counter({ACCEPTED: 3}))
    assert numbers(everything(spool, "customerio")) == [3, 4]
    assert numbers(everything(spool, "segment")) == [0, 1, 2, 3, 4]
    assert (spool.pending("customerio"), spool.pending("segment")) == (2, 5)
    assert (spool.pending_bytes("customerio"), spool.pending_bytes("segment")) == (20, 50)


def test_a_read_is_bounded_in_bytes_and_never_empty_for_it(spool: Spool) -> None:
    """The first message comes even if it is larger."""
    for number, size in enumerate((100, 10, 10, 100)):
        spool.append(entry(number, size=size))
    assert numbers(spool.read("segment", max_bytes=50, max_count=9)) == [0]
    assert numbers(spool.read("segment", max_bytes=115, max_count=9)) == [0, 1]
    assert numbers(spool.read("segment", max_bytes=120, max_count=9)) == [0, 1, 2]


def test_recorded_is_counted_apart_from_the_outcomes(spool: Spool) -> None:
    """The equation is a check: recorded = pending + outcomes."""
    for number in range(4):
        spool.append(entry(number))
    spool.refuse({"customerio": (Outcome.DROPPED, "too_large"), "segment": (Outcome.SKIPPED, "stage")})
    spool.settle(
        "segment",
        spool.read("segment", max_bytes=20, max_count=9),
        Counter({ACCEPTED: 1, (Outcome.REJECTED, "http_400"): 1}),
    )
    recorded, tally = spool.counts("segment")
    assert recorded == 5 == spool.pending("segment") + tally.total()
    assert tally == {ACCEPTED: 1, (Outcome.REJECTED, "http_400"): 1, (Outcome.SKIPPED, "stage"): 1}


def test_settling_out_of_turn_is_refused(spool: Spool) -> None:
    """A cursor never jumps over a message."""
    for number in range(3):
        spool.append(entry(number))
    messages = everything(spool, "segment")
    with pytest.raises(SpoolError):
        spool.settle("segment", messages[1:], Counter({ACCEPTED: 2}))
    spool.settle("segment", messages, Counter({ACCEPTED: 3}))
    with pytest.raises(SpoolError):
        spool.settle("segment", messages, Counter({ACCEPTED: 3}))


def test_a_closed_spool_says_so(spool: Spool) -> None:
    """Use after close is an error, not a loss."""
    spool.close()
    with pytest.raises(SpoolClosedError):
        spool.append(entry(0))
    with pytest.raises(SpoolClosedError):
        everything(spool, "segment")


def test_a_leg_far_behind_reads_what_memory_no_longer_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tail is bounded; the disk has the rest, in the same order."""
    monkeypatch.setattr(spool_module, "MAX_TAIL_BYTES", 100)
    spool = Spool(tmp_path / "w.db", legs=LEGS, writer="w")
    for number in range(50):
        spool.append(entry(number))
    spool.settle("segment", spool.read("segment", max_bytes=450, max_count=99), Counter({ACCEPTED: 45}))
    assert numbers(everything(spool, "customerio")) == list(range(50))
    assert numbers(everything(spool, "segment")) == list(range(45, 50))
    spool.close()


def test_a_reopened_spool_goes_on_where_it_was(tmp_path: Path) -> None:
    """Messages, cursors, bytes, counts and writer survive; skips too."""
    path = tmp_path / "w.db"
    spool = Spool(path, legs=LEGS, writer="w")
    for number in range(5):
        spool.append(entry(number, skips={"customerio": "stage"} if number == 4 else None))
    spool.settle("segment", spool.read("segment", max_bytes=20, max_count=9), Counter({ACCEPTED: 2}))
    spool.refuse({"customerio": (Outcome.DROPPED, "too_large"), "segment": (Outcome.DROPPED, "too_large")})
    before = [(spool.pending(leg), spool.pending_bytes(leg), spool.counts(leg)) for leg in LEGS]
    spool.close()
    again = Spool(path, legs={}, writer="someone else")
    assert again.writer == "w"
    assert again.legs == LEGS
    assert [(again.pending(leg), again.pending_bytes(leg), again.counts(leg)) for leg in LEGS] == before
    assert numbers(everything(again, "segment")) == [2, 3, 4]
    assert everything(again, "segment")[-1].entry.skips == {"customerio": "stage"}
    assert again.append(entry(5)) == 6
    again.close()


def test_seq_is_never_reused_once_the_table_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite would start again at 1 and send every cursor into the past."""
    monkeypatch.setattr(spool_module, "TRIM_EVERY", 1)
    path = tmp_path / "w.db"
    spool = Spool(path, legs=LEGS, writer="w")
    for number in range(3):
        spool.append(entry(number))
    for leg in LEGS:
        spool.settle(leg, everything(spool, leg), Counter({ACCEPTED: 3}))
    spool.close()
    again = Spool(path, legs=LEGS, writer="w")
    assert again.append(entry(3)) == 4
    assert numbers(everything(again, "customerio")) == [3]
    assert again.pending_bytes("customerio") == 10
    again.close()


def test_rows_that_every_leg_has_passed_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file does not grow for ever, and a slow leg keeps what it needs."""
    monkeypatch.setattr(spool_module, "TRIM_EVERY", 10)
    path = tmp_path / "w.db"
    spool = Spool(path, legs=LEGS, writer="w")
    for number in range(30):
        spool.append(entry(number))
    spool.settle("customerio", everything(spool, "customerio"), Counter({ACCEPTED: 30}))
    spool.settle("segment", spool.read("segment", max_bytes=150, max_count=99), Counter({ACCEPTED: 15}))
    spool.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT min(seq), count(*) FROM message").fetchone() == (16, 15)
    connection.close()


def test_a_file_belongs_to_one_at_a_time_and_to_its_owner_alone(tmp_path: Path) -> None:
    """Exclusive, and 0600."""
    path = tmp_path / "w.db"
    spool = Spool(path, legs=LEGS, writer="w")
    with pytest.raises(SpoolBusyError):
        Spool(path, legs=LEGS, writer="w")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    spool.close()
    Spool(path, legs=LEGS, writer="w").close()


def test_a_level_spool_is_removed_and_another_is_kept(tmp_path: Path) -> None:
    """What waits stays on disk."""
    path = tmp_path / "w.db"
    spool = Spool(path, legs={"customerio": "m"}, writer="w")
    spool.append(entry(0))
    assert not spool.close(remove_if_level=True)
    again = Spool(path, legs={}, writer="")
    again.settle("customerio", everything(again, "customerio"), Counter({ACCEPTED: 1}))
    assert again.close(remove_if_level=True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_schema_is_left_alone(tmp_path: Path) -> None:
    """A newer version's spool is not read wrongly."""
    path = tmp_path / "w.db"
    Spool(path, legs=LEGS, writer="w").close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '999' WHERE name = 'schema_version'")
    connection.close()
    with pytest.raises(SpoolError, match="999"):
        Spool(path, legs=LEGS, writer="w")
