"""The durable log by itself, in a file and in memory."""

from __future__ import annotations

import os
import stat
from binascii import crc32
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipelines_client.canonical import hash_sorted
from pipelines_client.delivery.spool import logfiles
from pipelines_client.delivery.spool import spool as spool_module
from pipelines_client.delivery.spool.cursors import SCHEMA_VERSION
from pipelines_client.delivery.spool.entry import Entry, MessageFacts, describe, stamp_of
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.errors import SpoolBusyError, SpoolClosedError, SpoolError
from pipelines_client.message.build import build
from pipelines_client.state.ledger import Outcome

LEGS = {"customerio": "mark-c", "segment": "mark-s"}
ACCEPTED = (Outcome.ACCEPTED, "")


AT = "2026-11-02T09:30:00.000Z"


def append(spool: Spool, number: int, *, size: int = 10, skips: dict[str, str] | None = None) -> int:
    facts = MessageFacts(f"m{number}", "track", "E", "id", AT, "h", size, "dual", AT).as_stamp()
    return spool.append(facts, b"x" * size, skips or {})


def numbers(entries: list[Entry]) -> list[int]:
    return [int(entry.stamped()["message_id"][1:]) for entry in entries]


def logs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.log"), key=lambda path: int(path.name.split(".")[1]))


def everything(spool: Spool, leg: str) -> list[Any]:
    return spool.read(leg, max_bytes=1 << 30, max_count=1 << 30)


@pytest.fixture(params=["disk", "memory"])
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The same contract on disk and in memory."""
    made = Spool(tmp_path / "w.db" if request.param == "disk" else None, legs=LEGS, writer="w")
    yield made
    made.close()


def test_reading_twice_gives_the_same_until_settled(spool: Spool) -> None:
    """Only `settle` moves a leg's cursor, and only that leg's."""
    for number in range(5):
        append(spool, number)
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
        append(spool, number, size=size)
    assert numbers(spool.read("segment", max_bytes=50, max_count=9)) == [0]
    assert numbers(spool.read("segment", max_bytes=115, max_count=9)) == [0, 1]
    assert numbers(spool.read("segment", max_bytes=120, max_count=9)) == [0, 1, 2]


def test_recorded_is_counted_apart_from_the_outcomes(spool: Spool) -> None:
    """The equation is a check: recorded = pending + outcomes."""
    for number in range(4):
        append(spool, number)
    spool.refuse({"customerio": (Outcome.DROPPED, "too_large"), "segment": (Outcome.SKIPPED, "stage")})
    spool.settle(
        "segment",
        spool.read("segment", max_bytes=20, max_count=9),
        Counter({ACCEPTED: 1, (Outcome.REJECTED, "http_400"): 1}),
    )
    recorded, pending, tally = spool.counts("segment")
    assert recorded == 5 == pending + tally.total()
    assert tally == {ACCEPTED: 1, (Outcome.REJECTED, "http_400"): 1, (Outcome.SKIPPED, "stage"): 1}


def test_settling_anything_but_the_next_messages_is_refused(spool: Spool) -> None:
    """A cursor never jumps over a message."""
    for number in range(3):
        append(spool, number)
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
        append(spool, 0)
    with pytest.raises(SpoolClosedError):
        everything(spool, "segment")


def test_a_leg_far_behind_reads_what_memory_no_longer_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tail is bounded; the disk has the rest, in the same order, whatever file it is in."""
    monkeypatch.setattr(spool_module, "MAX_TAIL_BYTES", 100)
    monkeypatch.setattr(logfiles, "FILE_BYTES", 1_500)
    spool = Spool(tmp_path / "w.db", legs=LEGS, writer="w")
    for number in range(50):
        append(spool, number)
    assert len(logs(tmp_path)) > 3
    spool.settle("segment", spool.read("segment", max_bytes=450, max_count=99), Counter({ACCEPTED: 45}))
    assert numbers(everything(spool, "customerio")) == list(range(50))
    assert numbers(spool.read("customerio", max_bytes=225, max_count=99)) == list(range(22))
    assert numbers(everything(spool, "segment")) == list(range(45, 50))
    spool.close()


def test_a_leg_that_reads_the_disk_does_not_block_appends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the disk is: here a pipe replaces the file, and is written to only after the append."""
    monkeypatch.setattr(spool_module, "MAX_TAIL_BYTES", 100)
    monkeypatch.setattr(logfiles, "FILE_BYTES", 1_500)
    spool = Spool(tmp_path / "w.db", legs=LEGS, writer="w")
    for number in range(50):
        append(spool, number)
    first = logs(tmp_path)[0]
    data = first.read_bytes()
    first.unlink()
    os.mkfifo(first)
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(spool.read, "customerio", max_bytes=100, max_count=10)
        with first.open("wb") as pipe:  # opens once the reader has opened its end
            assert append(spool, 50) == 51
            assert not reading.done()
            pipe.write(data)
        assert numbers(reading.result(10)) == list(range(10))
    spool.close()


def test_repeated_and_unordered_lines_are_read_once_and_in_order(tmp_path: Path) -> None:
    """A file that was edited by hand: each message is read once, in the order of the numbers."""
    spool = Spool(tmp_path / "w.db", legs=LEGS, writer="w")
    for number in range(6):
        append(spool, number)
    spool.close()
    (log,) = logs(tmp_path)
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([lines[0], lines[1], lines[1], lines[3], lines[2], *lines[3:]]))
    again = Spool(tmp_path / "w.db", legs={}, writer="")
    found = everything(again, "segment")
    assert [entry.seq for entry in found] == [1, 2, 3, 4, 5, 6]
    assert [entry.is_lost for entry in found] == [False, False, False, False, False, False]
    again.close()


def test_a_reopened_spool_goes_on_where_it_was(tmp_path: Path) -> None:
    """Messages, cursors, bytes, counts and writer survive; skips too."""
    path = tmp_path / "w.db"
    spool = Spool(path, legs=LEGS, writer="w")
    for number in range(5):
        append(spool, number, skips={"customerio": "stage"} if number == 4 else None)
    spool.settle("segment", spool.read("segment", max_bytes=20, max_count=9), Counter({ACCEPTED: 2}))
    spool.refuse({"customerio": (Outcome.DROPPED, "too_large"), "segment": (Outcome.DROPPED, "too_large")})
    before = [(spool.pending(leg), spool.pending_bytes(leg), spool.counts(leg)) for leg in LEGS]
    spool.close()
    again = Spool(path, legs={}, writer="someone else")
    assert again.writer == "w"
    assert again.legs == LEGS
    assert [(again.pending(leg), again.pending_bytes(leg), again.counts(leg)) for leg in LEGS] == before
    assert numbers(everything(again, "segment")) == [2, 3, 4]
    assert everything(again, "segment")[-1].skips == {"customerio": "stage"}
    assert append(again, 5) == 6
    again.close()


def test_seq_is_never_reused_once_the_log_is_empty(tmp_path: Path) -> None:
    """A reused number would be behind every cursor, and its message would never be sent."""
    path = tmp_path / "w.db"
    spool = Spool(path, legs=LEGS, writer="w")
    for number in range(3):
        append(spool, number)
    for leg in LEGS:
        spool.settle(leg, everything(spool, leg), Counter({ACCEPTED: 3}))
    spool.close()
    for log in logs(tmp_path):
        log.unlink()
    again = Spool(path, legs=LEGS, writer="w")
    assert append(again, 3) == 4
    assert numbers(everything(again, "customerio")) == [3]
    assert again.pending_bytes("customerio") == 10
    again.close()


def test_files_that_every_leg_has_passed_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log does not grow for ever, and a slow leg keeps what it needs."""
    monkeypatch.setattr(logfiles, "FILE_BYTES", 1_000)
    spool = Spool(tmp_path / "w.db", legs=LEGS, writer="w")
    for number in range(30):
        append(spool, number)
    before = logs(tmp_path)
    spool.settle("customerio", everything(spool, "customerio"), Counter({ACCEPTED: 30}))
    assert logs(tmp_path) == before
    spool.settle("segment", spool.read("segment", max_bytes=150, max_count=99), Counter({ACCEPTED: 15}))
    after = logs(tmp_path)
    assert 1 < len(after) < len(before)
    assert int(after[0].name.split(".")[1]) <= 16 < int(after[1].name.split(".")[1])
    spool.close()
    again = Spool(tmp_path / "w.db", legs={}, writer="")
    assert numbers(everything(again, "segment")) == list(range(15, 30))
    again.close()


def test_a_torn_last_line_is_not_a_message(tmp_path: Path) -> None:
    """After a kill in the middle of a write the message does not exist, and the next one takes its number."""
    spool = Spool(tmp_path / "w.db", legs=LEGS, writer="w")
    for number in range(3):
        append(spool, number)
    spool.close()
    (log,) = logs(tmp_path)
    log.write_bytes(log.read_bytes()[:-5])
    again = Spool(tmp_path / "w.db", legs={}, writer="")
    assert again.last_seq == 2
    assert append(again, 7) == 3
    assert numbers(everything(again, "segment")) == [0, 1, 7]
    again.close()


def test_a_damaged_line_is_counted_and_the_lines_around_it_are_read(tmp_path: Path) -> None:
    """What cannot be read is an entry that is lost on every leg; its file is kept as evidence once it is passed."""
    spool = Spool(tmp_path / "w.db", legs=LEGS, writer="w")
    for number in range(5):
        append(spool, number)
    spool.close()
    (log,) = logs(tmp_path)
    data = bytearray(log.read_bytes())
    data[data.index(b'"m2"')] ^= 1
    log.write_bytes(data)
    again = Spool(tmp_path / "w.db", legs={}, writer="")
    for leg in LEGS:
        found = everything(again, leg)
        assert [entry.seq for entry in found] == [1, 2, 3, 4, 5]
        assert [entry.is_lost for entry in found] == [False, False, True, False, False]
        assert found[2].skips == {"customerio": "damaged", "segment": "damaged"}
        assert again.pending_bytes(leg) == 50
        again.settle(leg, found, Counter({ACCEPTED: 4, (Outcome.DROPPED, "damaged"): 1}))
        assert again.pending_bytes(leg) == 0
    assert again.close(remove_if_settled=True)
    assert [path.name for path in tmp_path.iterdir()] == ["w.1.log.damaged"]


@pytest.mark.parametrize("harm", ["the last line", "every line", "zeros behind a cut"])
def test_damage_at_the_end_of_a_log_is_counted_and_kept(tmp_path: Path, harm: str) -> None:
    """No later line shows that a message is missing, yet its call returned True."""
    spool = Spool(tmp_path / "w.db", legs=LEGS, writer="w")
    for number in range(5):
        append(spool, number)
    spool.close()
    (log,) = logs(tmp_path)
    header, *lines = log.read_bytes().splitlines(keepends=True)
    if harm == "the last line":
        lines[-1] = b"x" + lines[-1]
    elif harm == "every line":
        lines = [b"x" + line for line in lines]
    else:
        lines[-1] = lines[-1][:20] + bytes(500)
    log.write_bytes(header + b"".join(lines))
    again = Spool(tmp_path / "w.db", legs={}, writer="")
    lost = 5 if harm == "every line" else 1
    found = everything(again, "segment")
    assert [entry.is_lost for entry in found] == [False] * (5 - lost) + [True] * lost
    for leg in LEGS:
        again.settle(leg, everything(again, leg), Counter({ACCEPTED: 5 - lost, (Outcome.DROPPED, "damaged"): lost}))
    assert again.close(remove_if_settled=True)
    assert [path.name for path in tmp_path.iterdir()] == ["w.1.log.damaged"]


def test_a_removed_log_file_is_counted_as_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cursor passes what is gone; what is left is read."""
    monkeypatch.setattr(logfiles, "FILE_BYTES", 500)
    spool = Spool(tmp_path / "w.db", legs=LEGS, writer="w")
    for number in range(9):
        append(spool, number)
    spool.close()
    first, *_ = logs(tmp_path)
    again = Spool(tmp_path / "w.db", legs={}, writer="")
    first.unlink()
    lost = [entry.is_lost for entry in everything(again, "segment")]
    assert len(lost) == 9
    assert lost == sorted(lost, reverse=True)
    assert 0 < sum(lost) < 9
    again.close()


def test_a_spool_file_has_one_process_and_is_private(tmp_path: Path) -> None:
    """Exclusive, and 0600."""
    path = tmp_path / "w.db"
    spool = Spool(path, legs=LEGS, writer="w")
    with pytest.raises(SpoolBusyError):
        Spool(path, legs=LEGS, writer="w")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    spool.close()
    Spool(path, legs=LEGS, writer="w").close()


def test_a_spool_with_nothing_left_is_removed_and_another_is_kept(tmp_path: Path) -> None:
    """What waits stays on disk."""
    path = tmp_path / "w.db"
    spool = Spool(path, legs={"customerio": "m"}, writer="w")
    append(spool, 0)
    assert not spool.close(remove_if_settled=True)
    again = Spool(path, legs={}, writer="")
    again.settle("customerio", everything(again, "customerio"), Counter({ACCEPTED: 1}))
    assert again.close(remove_if_settled=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("version", [SCHEMA_VERSION - 1, SCHEMA_VERSION + 1])
def test_a_file_of_another_schema_is_refused_with_the_cure_and_left_alone(tmp_path: Path, version: int) -> None:
    """Another version's spool is not misread."""
    path = tmp_path / "w.db"
    Spool(path, legs=LEGS, writer="w").close()
    if version < SCHEMA_VERSION:
        path.write_bytes(b"SQLite format 3\0" + bytes(100))
    else:
        content = path.read_bytes().strip().partition(b"\t")[2].replace(b'"version":5', b'"version":6')
        path.write_bytes(b"%08x\t%b\n" % (crc32(content), content))
    with pytest.raises(SpoolError, match=f"schema {version}.*pipelines-client drain"):
        Spool(path, legs=LEGS, writer="w")
    assert path.exists()


@pytest.mark.parametrize("is_at_hand", [True, False])
def test_a_message_is_described_the_same_by_its_process_and_by_the_one_that_adopts_it(
    tmp_path: Path, *, is_at_hand: bool
) -> None:
    """The adopting process has only the line in the log: a stamp and the body."""
    call = {"integrations": {}, "context": {}, "timestamp": None, "messageId": "m1", "userId": "u1"}
    call |= {"type": "track", "event": "E", "properties": {"b": 2.0, "a": 1}}
    message = build(call, library={}, now_ms=1_793_611_800_000).message
    spool = Spool(tmp_path / "w.db", legs=LEGS, writer="w")
    spool.append(stamp_of(message, stage="dual"), message.body, {}, message)
    if not is_at_hand:
        spool.close()
        spool = Spool(tmp_path / "w.db", legs={}, writer="")
    (entry,) = everything(spool, "segment")
    assert (entry.message is not None) is is_at_hand
    describe([entry], lambda identity: f"<{identity}>")
    assert orjson.loads(entry.facts + b"}") == {
        "message_id": "m1", "type": "track", "event": "E", "identity": "<user:u1>", "occurred_at": AT,
        "appended_at": AT, "payload_hash": hash_sorted(message.payload), "body_bytes": len(message.body),
        "stage": "dual",
    }  # fmt: skip
    spool.close()
