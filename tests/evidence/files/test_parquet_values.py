"""Nested Parquet columns hold what a JSON export of the same rows holds."""

from __future__ import annotations

import json
from datetime import datetime, time, timezone
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from exports import rewrite
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.canonical import payload_hash
from pipelines_client.evidence.files.parquet_rows import read_parquet

NOON = datetime(2026, 11, 2, 12, 0, 0, 123456, tzinfo=timezone.utc)
NS = pa.timestamp("ns", "UTC")
VALUES = {
    "a struct without the keys that its row lacks": (
        pa.struct([("a", pa.int64()), ("b", pa.string())]),
        [{"a": 1}, {"b": "x"}, {}, None],
        [{"a": 1}, {"b": "x"}, {}, None],
    ),
    "structs in a list in a struct": (
        pa.struct([("items", pa.list_(pa.struct([("a", pa.int64()), ("b", pa.float64())])))]),
        [{"items": [{"a": 1}, {"b": 2.5}, None]}, {"items": []}],
        [{"items": [{"a": 1}, {"b": 2.5}, None]}, {"items": []}],
    ),
    "a map keeps what is null": (
        pa.map_(pa.string(), pa.int64()),
        [[("a", 1), ("b", None)], [], None],
        [{"a": 1, "b": None}, {}, None],
    ),
    "a map of maps, with a key that is a number": (
        pa.map_(pa.int64(), pa.map_(pa.string(), pa.bool_())),
        [[(7, [("a", True)]), (8, None)]],
        [{"7": {"a": True}, "8": None}],
    ),
    "a key in bytes": (pa.map_(pa.binary(), pa.int8()), [[(b"a", 1)]], [{"a": 1}]),
    "times": (
        pa.struct([("at", pa.timestamp("us", "UTC")), ("time", pa.time64("us"))]),
        [{"at": NOON, "time": time(9, 30)}],
        [{"at": NOON.isoformat(), "time": "09:30:00"}],
    ),
    "nanoseconds at any depth": (
        pa.struct([("m", pa.map_(pa.string(), NS)), ("l", pa.list_(pa.struct([("at", NS)])))]),
        [{"m": [("k", 1234567891234567891)], "l": [{"at": 1234567891234567891}]}],
        [{"m": {"k": "2009-02-13T23:31:31.234567+00:00"}, "l": [{"at": "2009-02-13T23:31:31.234567+00:00"}]}],
    ),
    "decimals": (pa.list_(pa.decimal128(9, 2)), [[Decimal("9.50"), Decimal("3.00")]], [[9.5, 3]]),
    "bytes": (pa.struct([("b", pa.binary())]), [{"b": b"ok"}], [{"b": "ok"}]),
    "texts from a dictionary": (
        pa.struct([("d", pa.dictionary(pa.int8(), pa.string())), ("at", NS)]),
        [{"d": "x"}, {"d": None, "at": 0}],
        [{"d": "x"}, {"at": "1970-01-01T00:00:00+00:00"}],
    ),
}


def through(path, kind, values):
    """Write a column, read it, and return what each row holds."""
    pq.write_table(pa.table({"id": list(map(str, range(len(values)))), "p": pa.array(values, kind)}), path)
    rejected = []
    rows = [json.loads(row) for *_, row in read_parquet(str(path), lambda *place, **_: rejected.append(place))]
    assert not rejected
    return [row["p"] for row in rows]


@pytest.mark.parametrize("what", VALUES)
def test_nested_values_are_those_of_json(tmp_path, what):
    """Objects, lists, and plain values within them."""
    kind, values, expected = VALUES[what]
    assert through(tmp_path / "t.parquet", kind, values) == expected


numbers = st.floats(allow_nan=False, allow_infinity=False)
objects = st.fixed_dictionaries(
    {"n": st.integers(-(2**53), 2**53)},
    optional={
        "s": st.text(max_size=5),
        "o": st.fixed_dictionaries({"x": numbers}, optional={"y": st.text()}),
        "l": st.lists(st.integers(-9, 9) | st.none(), min_size=1),
        "lo": st.lists(st.fixed_dictionaries({"i": st.integers(0, 9)}, optional={"t": st.text()}), min_size=1),
    },
)


@given(st.lists(objects, min_size=1, max_size=6))
def test_payloads_keep_their_hash_through_a_struct(tmp_path_factory, payloads):
    """Whichever keys each of them has."""
    path = tmp_path_factory.mktemp("p") / "t.parquet"
    found = through(path, pa.array(payloads).type, payloads)
    assert list(map(payload_hash, found)) == list(map(payload_hash, payloads))


@pytest.mark.parametrize("kind", ["struct", "map"])
def test_a_payload_in_columns_compares_equal_with_the_archive(evidence, compare, kind):
    """Each message, one with other keys too; and a difference is found at its path."""
    if kind == "map":
        for number, sent in enumerate(evidence.messages):
            for call in (sent.call, *sent.sides.values()):
                call["properties"] = {"plan": "pro", f"key {number % 3}": str(number)}
    else:
        evidence.track("u", "Feature Used", {"other": {"deep": [{"a": 1}, {"b": True}]}})
    paths = evidence.paths()
    evidence.messages[3].payload("customerio")["plan"] = "free"
    evidence.write_customerio()
    rewrite(paths["customerio"], "json")
    for path in sorted(paths["customerio"].glob("*.json")):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        table = pa.Table.from_pylist(rows)
        if kind == "map":
            column = [list(row["properties"].items()) for row in rows]
            place = table.column_names.index("properties")
            table = table.set_column(place, "properties", pa.array(column, pa.map_(pa.string(), pa.string())))
        path.unlink()
        pq.write_table(table, path.with_suffix(".parquet"))
    report = compare(paths)
    assert report.totals.compared == len(evidence.messages)
    assert {row.path: row.count for row in report.drift_by_path} == {"properties.plan": 1}
