"""Parquet as no export should be: a bad value costs its row, damage its row group, a bomb no memory."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Iterable
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines_client.evidence.files.parquet_rows import read_parquet, reopen_parquet
from pipelines_client.parity import Verdict

USAGE = (Path(__file__).parents[3] / "docs" / "usage.md").read_text("utf-8")
FAR = 2**62
BAD_TEXT = pa.Array.from_buffers(pa.string(), 3, pa.array([b"good", b"\xff\xfe", b"good"]).buffers())

VALUES = {
    "timestamp": (pa.array([0, FAR, -FAR, 5], pa.timestamp("us")), [2, 3]),
    "timestamp with a zone": (pa.array([0, FAR, 5], pa.timestamp("ms", "Europe/Berlin")), [2]),
    "timestamp in nanoseconds": (pa.array([0, FAR + 1, -FAR], pa.timestamp("ns")), []),
    "date": (pa.array([0, 2**31 - 1, -(2**31), -1], pa.date32()), [2, 3]),
    "time": (pa.array([0, 86_399_999_999_999, None], pa.time64("ns")), []),
    "duration in nanoseconds": (pa.array([0, FAR + 1], pa.duration("ns")), []),
    "duration": (pa.array([0, FAR, 5], pa.duration("s")), [2]),
    "decimal": (pa.array([Decimal("1.5"), Decimal(10) ** 70], pa.decimal256(76, 2)), []),
    "whole number of 64 bits": (pa.array([0, 2**64 - 1], pa.uint64()), []),
    "number that is none": (pa.array([float("nan"), float("inf"), 1.5]), []),
    "map": (pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())), []),
    "struct and list": (pa.array([{"a": [1, None]}, None], pa.struct([("a", pa.list_(pa.int8()))])), []),
    "instant in a struct": (pa.array([{"a": FAR}, {"a": 5}, None], pa.struct([("a", pa.timestamp("us"))])), [1]),
    "bytes": (pa.array([b"\xff\xfe", b"ok"]), []),
    "text that is no UTF-8": (BAD_TEXT, [2]),
    "dictionary": (pa.array(["a", "b", "a"]).dictionary_encode(), []),
    "nothing": (pa.nulls(3), []),
}

MEASURED = """
import re, sys
from pathlib import Path
from pipelines_client.evidence.files.parquet_rows import read_parquet
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10
before, told = peak(), []
rows = sum(1 for _ in read_parquet(sys.argv[1], lambda *place, **how: told.append((*place, how))))
print(repr((rows, told, peak() - before)))
"""

FLIPPED = """
import sys
from pathlib import Path
from pipelines_client.evidence.files.parquet_rows import read_parquet, reopen_parquet
path = Path(sys.argv[1])
whole, told = path.read_bytes(), []
for at in range(len(whole) - 8 - int.from_bytes(whole[-8:-4], "little"), len(whole)):
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << int(sys.argv[2])]) + whole[at + 1 :])
    gaps = []
    rows = list(read_parquet(str(path), lambda *place, **how: gaps.append((*place, how))))
    assert rows or any(how.get("incomplete") for *_, how in gaps), at
    told += gaps
print(len(told))
"""

TEXT = '{"a":"%s"}' % ("x" * 350_000)


def coded(texts: list[str], places: Iterable[int]) -> pa.Array:
    """Return the texts at these places as a Parquet file holds them, so that the test need not hold them in full."""
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), pa.array(texts))


BOMBS = {
    "one text in a dictionary": (coded([TEXT], [0] * 4096), {}),
    "one text in lists": (
        pa.ListArray.from_arrays(pa.array(range(0, 40961, 10), pa.int32()), coded(["x" * 35_000], [0] * 40960)),
        {},
    ),
    "one text, and small ones before it": (
        coded([*(f"small {number}" for number in range(100_000)), TEXT], [*range(100_000), *[100_000] * 4096]),
        {"dictionary_pagesize_limit": 1 << 30},
    ),
    "plain texts, packed": (pa.array([TEXT] * 400), {"use_dictionary": False, "compression": "zstd"}),
}


def rows_of(path):
    """Read a file; return its rows by number, and what was told."""
    told = []

    def reject(line: int, reason: str, *, incomplete: bool = False) -> None:
        told.append((line, reason, incomplete))

    return {line: json.loads(data) for line, _, data in read_parquet(str(path), reject)}, told


@pytest.mark.parametrize("title", VALUES)
def test_a_value_that_json_cannot_hold_costs_its_row(tmp_path, title):
    """Named by its number; the rows around it are read, and opened again."""
    column, bad = VALUES[title]
    path = tmp_path / "odd.parquet"
    pq.write_table(pa.table({"id": [str(number + 1) for number in range(len(column))], "v": column}), path)
    rows, told = rows_of(path)
    assert [line for line, _, _ in told] == bad
    assert not any(incomplete for *_, incomplete in told)
    assert [row["id"] for row in rows.values()] == [str(line) for line in rows]
    assert sorted([*rows, *bad]) == list(range(1, len(column) + 1))
    again = list(reopen_parquet(str(path), [(number, 0) for number in range(len(column))]))
    assert {line: json.loads(data) for line, data in enumerate(again, 1) if data is not None} == rows


def test_damage_costs_what_is_damaged(tmp_path):
    """The rows before it in its row group, and the groups around it, are read; what is lost is placed and counted."""
    path = tmp_path / "odd.parquet"
    numbers = random.Random(7)
    texts = [f"{numbers.getrandbits(4000):x}" for _ in range(3000)]
    table = pa.table({"id": [str(number + 1) for number in range(3000)], "v": texts})
    pq.write_table(table, path, row_group_size=1000, use_dictionary=False, data_page_size=20_000, compression="zstd")
    column = pq.ParquetFile(path).metadata.row_group(1).column(1)
    with path.open("r+b") as file:
        file.seek(column.data_page_offset + column.total_compressed_size // 2)
        file.write(b"\xff" * 64)
    rows, ((line, reason, incomplete),) = rows_of(path)
    assert incomplete
    assert reason.startswith("the Parquet file is damaged here (")
    assert reason.endswith(f"): {2001 - line:,} rows are lost; copy it again")
    assert 1400 < line < 1600
    assert list(rows) == [*range(1, line), *range(2001, 3001)]
    assert all(row == {"id": str(number), "v": texts[number - 1]} for number, row in rows.items())
    again = list(reopen_parquet(str(path), [(number, 0) for number in (0, line, 2500)]))
    assert [None if data is None else json.loads(data)["id"] for data in again] == ["1", None, "2501"]


@pytest.mark.parametrize("bit", range(8))
def test_no_flipped_bit_of_a_footer_ends_the_process(tmp_path, bit):
    """Not even where pyarrow lets an exception of C++ through, which nothing can catch: it is a gap, or harmless."""
    path = tmp_path / "odd.parquet"
    table = {"id": ["m1"], "sent_at": ["2026-11-02T09:30:00Z"], "event_text": ["E"], "properties": ["{}"]}
    pq.write_table(pa.table(table), path)
    command = [sys.executable, "-c", FLIPPED, str(path), str(bit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_a_name_of_a_column_that_is_no_text_is_damage(tmp_path):
    """Where the schema says it, the file is not read; where a column does, the schema is believed."""
    path = tmp_path / "odd.parquet"
    pq.write_table(pa.table({"id": ["m1"], "event_text": ["E"]}), path, store_schema=False)
    whole = path.read_bytes()
    for name in re.finditer(b"event_text", whole):
        path.write_bytes(whole[: name.start()] + b"ev\xe2\x9at_text" + whole[name.end() :])
        rows, told = rows_of(path)
        again = [json.loads(data) for data in reopen_parquet(str(path), [(0, 0)])] if rows else []
        assert again == list(rows.values())
        assert rows or all(incomplete for *_, incomplete in told)
        assert bool(rows) is not bool(told)


def test_a_group_that_says_fewer_rows_than_there_are_is_a_gap(tmp_path):
    """What is not counted is lost all the same: the file as a whole says how many there were."""
    path = tmp_path / "odd.parquet"
    pq.write_table(pa.table({"id": [str(number) for number in range(50)]}), path, store_schema=False)
    whole = path.read_bytes()
    at = max(place.start() for place in re.finditer(re.escape(bytes([100])), whole[:-8]))  # 50, as thrift writes it
    path.write_bytes(whole[:at] + bytes([80]) + whole[at + 1 :])
    rows, told = rows_of(path)
    assert len(rows) == 40
    why = "the Parquet file is damaged (its row groups do not hold the rows that it declares); copy it again"
    assert told == [(0, why, True)]


@pytest.mark.parametrize("title", BOMBS)
def test_a_bomb_takes_no_memory(tmp_path, title):
    """Kilobytes that hold more than a gigabyte are left at that, as of gzip."""
    values, how = BOMBS[title]
    path = tmp_path / "odd.parquet"
    table = pa.table({"id": [str(number) for number in range(len(values))], "v": values})
    pq.write_table(table, path, store_schema=False, **how)  # the file says nothing of our dictionaries: it holds texts
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    rows, told, grown_mb = eval(done.stdout)  # noqa: S307 - our own process wrote it
    ((line, reason, incomplete),) = told
    assert reason == "it unpacks to more than 200 times its size, which no export does; the rest is not read"
    assert (line, incomplete) == (rows + 1, {"incomplete": True})
    assert grown_mb < 250


def test_large_rows_are_read_few_at_a_time(tmp_path):
    """What is large and no bomb is read whole, but for a row that is longer than any."""
    path = tmp_path / "large.parquet"
    long = [len(text) for text in ("x" * 10, "x" * (17 << 20))]
    values = ["x" * long[number % 5 == 4] for number in range(20)]
    pq.write_table(pa.table({"id": [str(number) for number in range(20)], "v": values}), path, compression="none")
    rows, told = rows_of(path)
    assert len(rows) == 16
    assert told == [(line, "the row is longer than 16,777,216 bytes", False) for line in (5, 10, 15, 20)]


@pytest.mark.parametrize(
    ("table", "columns", "says"),
    [
        (pa.table([pa.array(["a"]), pa.array(["b"])], names=["id", "id"]), None, "two columns named 'id'"),
        (pa.table({"x": ["a"]}), {"id"}, "the Parquet file has none of the columns that are read"),
    ],
)
def test_a_file_without_columns_to_read_is_one_line(tmp_path, table, columns, says):
    """About the file as a whole."""
    pq.write_table(table, tmp_path / "odd.parquet")
    told = []
    reject = lambda line, reason, *, incomplete: told.append((line, reason, incomplete))  # noqa: E731
    assert list(read_parquet(str(tmp_path / "odd.parquet"), reject, columns=columns)) == []
    ((line, reason, incomplete),) = told
    assert (line, incomplete) == (0, True)
    assert says in reason


@pytest.mark.parametrize("table", [pa.table({"id": pa.array([], pa.string())}), pa.table({}), pa.table({"": ["a"]})])
def test_an_odd_but_whole_file_is_no_fault(tmp_path, table):
    """No rows, no columns, a column without a name."""
    pq.write_table(table, tmp_path / "odd.parquet")
    rows, told = rows_of(tmp_path / "odd.parquet")
    assert told == []
    assert len(rows) == table.num_rows


def test_the_report_stands_beside_a_bad_row(evidence, compare):
    """An instant beyond the calendar is a line of the report, as usage.md shows it."""
    paths = evidence.paths()
    far = pa.array([FAR, int(datetime(2026, 11, 2, tzinfo=timezone.utc).timestamp() * 1e6)], pa.timestamp("us"))
    table = pa.table({"id": ["z1", "z2"], "event_text": ["E", "E"], "received_at": far, "sent_at": far})
    pq.write_table(table, paths["customerio"] / "2184.13699.3.track.parquet")
    report = compare(paths, is_all=True)
    (place,) = report.sources["customerio"].rejected
    assert (place.file, place.line) == ("2184.13699.3.track.parquet", 1)
    assert place.reason == "the row holds a value that JSON cannot represent (OverflowError)"
    assert report.totals.customerio.messages == 201
    assert report.totals.matched == 200
    assert report.verdict is not Verdict.PASS


@pytest.mark.parametrize(
    "says",
    [
        "it unpacks to more than 200 times its size, which no export does; the rest is not read",
        "the Parquet file is damaged here (OSError): 500 rows are lost; copy it again",
        "the row holds a value that JSON cannot represent (OverflowError)",
        "the row is longer than 16,777,216 bytes",
        "the Parquet file has two columns named 'id'; rename one",
        "the Parquet file has none of the columns that are read",
        "could not be read (OverflowError)",
        "could not be opened again (the file is shorter than before); run again",
    ],
)
def test_usage_shows_it(says):
    """In the table of broken input."""
    assert re.search(rf"^\| [^|]* \| `{re.escape(says)}` \|( yes)? \|$", USAGE, re.MULTILINE), says


def test_a_file_that_is_gone_when_pairs_are_opened_is_told_in_words(evidence, compare, tmp_path):
    """As of any other file that was listed."""
    evidence.messages[3].payload("segment")["price"] = 1.5
    paths = evidence.paths()
    files = sorted(paths["customerio"].iterdir())
    rows = [json.loads(line) for file in files for line in file.read_bytes().splitlines()]
    for file in files:
        file.unlink()
    file = paths["customerio"] / "2184.13699.1.track.parquet"
    pq.write_table(pa.Table.from_pylist([{**row, "properties": json.dumps(row["properties"])} for row in rows]), file)
    compare(paths, cache=tmp_path / "cache")
    report = compare(paths, cache=tmp_path / "cache", advance=lambda _: file.unlink(missing_ok=True))
    (place,) = report.sources["customerio"].incomplete
    why = "it was deleted after the files were listed"
    assert place.reason == f"could not be opened again ({why}); run again"
