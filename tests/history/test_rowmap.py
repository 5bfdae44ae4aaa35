"""A column map makes calls of rows, with the same id each time."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ulid import ULID

from pipelines_client.errors import SourceError
from pipelines_client.history.rowmap import MappedRows, RowError, RowMap, id_of_row, parse_row_map

MAP = {"time": "at", "default_event": "Ordered", "user_id": "who", "idempotency": ["order"]}
ROW = {"at": "2026-11-01", "who": "u7", "order": "o1", "total": "42.50"}


def call_of_row(row: dict[str, Any], columns: RowMap, line: int) -> dict[str, Any]:
    """Return the call of one row."""
    return MappedRows(columns).call_of(row, line)[0]


def test_a_row_has_the_same_ulid_each_time_and_another_for_another_event() -> None:
    """Its time is in the id, so that ids sort as the past did."""
    one, same = (call_of_row(ROW, parse_row_map(MAP, "m"), line) for line in (1, 2))
    other = call_of_row(ROW, parse_row_map({**MAP, "default_event": "Shipped"}, "m"), 1)
    assert one == same
    assert one["messageId"] != other["messageId"]
    assert ULID.from_str(one["messageId"]).datetime == datetime(2026, 11, 1, tzinfo=timezone.utc)
    assert (
        id_of_row({"type": "track", "event": "Ordered"}, ["o1"], 0)
        == "00000000000000000000000000"[:10] + one["messageId"][10:]
    )


def test_the_place_in_the_file_names_a_row_that_has_no_key() -> None:
    """Two rows that read the same are two purchases."""
    columns = parse_row_map({**MAP, "idempotency": ["order", "#line"]}, "m")
    assert call_of_row(ROW, columns, 1)["messageId"] != call_of_row(ROW, columns, 2)["messageId"]


def test_a_row_becomes_the_call_that_its_map_says() -> None:
    """Texts of CSV are what the map makes of them."""
    row = {**ROW, "n": "3", "gift": "no", "tags": '["a"]', "at": "20261101", "kind": "track", "what": "bought"}
    columns = {
        "time": "at",
        "time_format": "%Y%m%d",
        "time_zone": "Europe/Berlin",
        "type": "kind",
        "event": "what",
        "names": {"bought": "Order Completed"},
        "user_id": "who",
        "message_id": "order",
        "context": {"source": "shop"},
        "properties": {
            "total": {"column": "total", "type": "number"},
            "count": {"column": "n", "type": "number"},
            "gift": {"column": "gift", "type": "boolean"},
            "tags": {"column": "tags", "type": "json"},
            "who": "who",
        },
    }
    assert call_of_row(row, parse_row_map(columns, "m"), 1) == {
        "type": "track",
        "timestamp": "2026-10-31T23:00:00.000Z",
        "userId": "u7",
        "event": "Order Completed",
        "properties": {"total": 42.5, "count": 3, "gift": False, "tags": ["a"], "who": "u7"},
        "context": {"source": "shop"},
        "integrations": {},
        "messageId": "o1",
    }


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"at": "tomorrow"}, "no_time"),
        ({"at": None}, "no_time"),
        ({"order": None}, "no_key"),
        ({"kind": "purchase"}, "unknown_type"),
        ({"total": "much"}, "wrong_type"),
    ],
)
def test_a_row_that_is_no_message_says_why(changed: dict[str, Any], reason: str) -> None:
    """In a word that the summary counts by."""
    properties = {"total": {"column": "total", "type": "number"}}
    columns = parse_row_map({**MAP, "type": "kind", "properties": properties}, "m")
    with pytest.raises(RowError, match=reason):
        call_of_row({**ROW, **changed}, columns, 1)


@pytest.mark.parametrize(
    ("kind", "value", "typed"),
    [
        ("number", "1e3", 1000.0),
        ("number", 7, 7),
        ("number", "NaN", None),
        ("number", "-inf", None),
        ("number", "1e999", None),
        ("number", str(2**64), None),
        ("number", True, None),
        ("number", [1], None),
        ("number", "", None),
        ("boolean", "Yes", True),
        ("boolean", 0, False),
        ("boolean", 1.0, True),
        ("boolean", "1.0", True),
        ("boolean", 2, None),
        ("boolean", {}, None),
        ("text", 1.5, "1.5"),
        ("text", True, "true"),
        ("text", {"a": 1}, '{"a":1}'),
        ("json", "[1]", [1]),
        ("json", [1], [1]),
        ("json", "NaN", None),
    ],
)
def test_a_value_has_the_type_that_its_map_says_or_is_refused_as_of_the_wrong_type(
    kind: str, value: Any, typed: Any
) -> None:
    """What JSON does not have, such as NaN, is not a number; a data frame writes a boolean as 1.0."""
    properties = {"x": {"column": "x", "type": kind}}
    columns = parse_row_map({**MAP, "properties": properties}, "m")
    if typed is None:
        with pytest.raises(RowError, match="wrong_type"):
            call_of_row({**ROW, "x": value}, columns, 1)
    else:
        found = call_of_row({**ROW, "x": value}, columns, 1)["properties"]["x"]
        assert (found, type(found)) == (typed, type(typed))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"time": "at"}, "so a second run would send duplicates"),
        ({**MAP, "evnt": "x"}, "evnt: Extra inputs are not permitted; a map has time"),
        ({**MAP, "time_zone": "Atlantis"}, "time_zone: unknown time zone"),
    ],
)
def test_a_map_that_cannot_be_right_is_refused(values: dict[str, Any], words: str) -> None:
    """With what there is to write."""
    with pytest.raises(SourceError, match=words):
        parse_row_map(values, "map.toml")
