"""What became of each message, on disk."""

from __future__ import annotations

import gzip
import stat
import threading
import tracemalloc
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

import orjson
import pytest

from pipelines_client.errors import LedgerError
from pipelines_client.state.checksum import closed
from pipelines_client.state.daily import DailyFile, read_lines, seal
from pipelines_client.state.dead_letters import DeadLetter, count_by_reason, read_dead_letters
from pipelines_client.state.identity_key import ensure_identity_key, read_identity_key
from pipelines_client.state.ledger import DeliveryRecord, LedgerWriter, Outcome, read_ledger

NOON = datetime(2026, 11, 2, 12, tzinfo=timezone.utc)
LETTER = DeadLetter("m1", "segment", "track", "E", "i", "at", "at", "refused", 400, "h", "{}", "letter", "d")


def record(number: int) -> DeliveryRecord:
    at = "2026-11-02T12:00:00.000Z"
    return DeliveryRecord(
        f"m{number}", "track", "E", "i", at, at, at, "segment", Outcome.ACCEPTED, None, 200, 1, 100, "h", "dual", "w"
    )


def lines(*records: DeliveryRecord) -> bytes:
    return b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records)


def test_records_come_back_as_they_were_written(tmp_path: Path) -> None:
    """By day, then sealed."""
    writer = LedgerWriter(tmp_path, "w")
    writer.append(lines(record(1), record(2)), now=NOON)
    assert (tmp_path / "2026-11-02" / "w.jsonl").exists()
    writer.append(lines(record(3)), now=NOON + timedelta(days=1))
    assert (tmp_path / "2026-11-02" / "w.jsonl.gz").exists()
    writer.close()
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["w.jsonl.gz", "w.jsonl.gz"]
    assert read_ledger(tmp_path).records == [record(1), record(2), record(3)]


def test_files_and_folders_are_private(tmp_path: Path) -> None:
    """0700 and 0600, sealed or not."""
    writer = LedgerWriter(tmp_path / "ledger", "w")
    writer.append(lines(record(1)), now=NOON)
    for path in (tmp_path / "ledger").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    writer.close()
    (sealed,) = (tmp_path / "ledger").rglob("*.gz")
    assert stat.S_IMODE(sealed.stat().st_mode) == 0o600


def test_a_torn_last_line_is_counted_and_costs_no_other_line(tmp_path: Path) -> None:
    """A kill in the middle of a write costs that line only; the next process writes the record again."""
    writer = LedgerWriter(tmp_path, "w")
    writer.append(lines(record(1)), now=NOON)
    file = tmp_path / "2026-11-02" / "w.jsonl"
    with file.open("ab") as torn:
        torn.write(b'{"message_id":"m2","ty')
    again = LedgerWriter(tmp_path, "w")
    again.append(lines(record(2)), now=NOON)
    contents = read_ledger(tmp_path)
    assert contents.records == [record(1), record(2)]
    assert contents.torn_lines == 1
    again.close()
    writer.close()


def test_a_line_that_is_made_of_two_is_counted_and_is_not_a_record(tmp_path: Path) -> None:
    """A block of the file is lost: neither message got that outcome."""
    first, second, third = (closed(lines(record(number))[:-2]) for number in (1, 2, 3))
    (tmp_path / "w.jsonl").write_bytes(first + second[:60] + third[60:])
    contents = read_ledger(tmp_path)
    assert (contents.records, contents.torn_lines) == ([record(1)], 1)


def test_sealing_twice_on_one_day_keeps_both_halves(tmp_path: Path) -> None:
    """A process that starts again under the same name seals a second file; the order stays."""
    for number in (1, 2):
        writer = LedgerWriter(tmp_path, "w")
        writer.append(lines(record(number)), now=NOON)
        writer.close()
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["w.jsonl.gz", "w.part-002.jsonl.gz"]
    assert read_ledger(tmp_path).records == [record(1), record(2)]


def test_a_large_day_is_sealed_in_a_thread_while_the_next_day_is_written(tmp_path: Path) -> None:
    """Each record is read once at any moment, also when a fork or an end comes in between."""
    writer = DailyFile(tmp_path, "w")
    large = lines(*map(record, range(5_000)))
    writer.append(large, now=NOON)
    writer.append(lines(record(-1)), now=NOON + timedelta(days=1))
    assert len(read_ledger(tmp_path).records) == 5_001
    assert writer._sealing is not None
    writer._sealing.join(30)
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["w.jsonl", "w.jsonl.gz"]
    assert gzip.decompress((tmp_path / "2026-11-02" / "w.jsonl.gz").read_bytes()) == large
    assert len(read_ledger(tmp_path).records) == 5_001
    writer.close()


def test_sealing_takes_little_memory_however_large_the_day(tmp_path: Path) -> None:
    """A day of a busy process is hundreds of megabytes."""
    path = tmp_path / "w.jsonl"
    path.write_bytes(lines(*map(record, range(20_000))))
    size = path.stat().st_size
    tracemalloc.start()
    try:
        seal(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size / 4
    assert len(read_ledger(tmp_path).records) == 20_000


def test_a_kill_between_the_last_steps_of_sealing_leaves_each_record_once(tmp_path: Path) -> None:
    """The sealed file then has the open one's name; the next process of that name does not write into it."""
    folder = tmp_path / "2026-11-02"
    folder.mkdir()
    (folder / "w.jsonl").write_bytes(gzip.compress(lines(record(1))))
    (folder / ".w.jsonl.77").write_bytes(gzip.compress(lines(record(1)))[:20])
    assert read_ledger(tmp_path).records == [record(1)]
    writer = LedgerWriter(tmp_path, "w")
    writer.append(lines(record(2)), now=NOON)
    assert {each.message_id for each in read_ledger(tmp_path).records} == {"m1", "m2"}
    writer.close()
    assert read_ledger(tmp_path).records == [record(1), record(2)]


@pytest.mark.parametrize("keep", [0.5, 0.0])
def test_a_cut_or_damaged_file_costs_only_the_lines_after_that_place(tmp_path: Path, keep: float) -> None:
    """The lines before it and the other files are read, and the file is named."""
    for name in ("a", "b", "c"):
        writer = LedgerWriter(tmp_path, name)
        writer.append(lines(*map(record, range(1_000))), now=NOON)
        writer.close()
    sealed = tmp_path / "2026-11-02" / "b.jsonl.gz"
    data = sealed.read_bytes()
    sealed.write_bytes(data[: int(len(data) * keep)] or b"junk")
    contents = read_ledger(tmp_path)
    assert 2_000 + 200 * keep <= len(contents.records) < 3_000
    assert contents.torn_lines == 1
    seen: list[Path] = []
    assert list(read_lines(tmp_path, unreadable=seen.append))[-1]["message_id"] == "m999"
    assert seen == [sealed]


def test_a_closed_ledger_refuses(tmp_path: Path) -> None:
    """Nothing is written after the end."""
    writer = LedgerWriter(tmp_path, "w")
    writer.close()
    with pytest.raises(LedgerError):
        writer.append(lines(record(1)), now=NOON)


def test_the_identity_key_is_created_once_when_many_processes_start_together(tmp_path: Path) -> None:
    """All joiners hash alike, from the first message on."""
    start = threading.Barrier(8)
    keys: list[bytes] = []

    def make() -> None:
        start.wait()
        keys.append(ensure_identity_key(tmp_path))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1
    assert read_identity_key(tmp_path) == keys[0]
    assert [p.name for p in tmp_path.iterdir()] == ["identity.key"]
    assert stat.S_IMODE((tmp_path / "identity.key").stat().st_mode) == 0o600


def test_an_invalid_identity_key_is_named_and_not_shown(tmp_path: Path) -> None:
    """Overwriting it would silently end the join by identity."""
    (tmp_path / "identity.key").write_text("n0t-hex")
    with pytest.raises(LedgerError, match=r"identity\.key") as caught:
        ensure_identity_key(tmp_path)
    assert "n0t-hex" not in str(caught.value)


def test_an_outcome_is_a_str_because_ledger_lines_and_cursors_are_written_from_it() -> None:
    """Orjson writes a str-enum by its value; the cursors sort by it."""
    assert all(isinstance(outcome, str) and outcome == outcome.value for outcome in Outcome)
    assert orjson.dumps(list(Outcome)) == b'["accepted","rejected","dropped","skipped"]'


@pytest.mark.parametrize("field", ["message_id", "leg", "event", "rejected_at", "answers", "body", "letter", "type"])
@pytest.mark.parametrize("value", [b"[1]", b"{}", b"7"])
def test_a_damaged_dead_letter_costs_no_other(tmp_path: Path, field: str, value: bytes) -> None:
    """Whatever a field has become, the letters around it are read."""
    good = orjson.dumps(asdict(LETTER))
    damaged = orjson.dumps({**asdict(LETTER), field: orjson.loads(value)})
    folder = tmp_path / "2026-11-02"
    folder.mkdir()
    lines = [b"7", b"[]", b"null", damaged, good.replace(b'"m1"', b'"m2"')]
    (folder / "w.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    letters = read_dead_letters(tmp_path)
    assert "m2" in {letter.message_id for letter in letters}
    assert count_by_reason(letters).total() == len(letters)
