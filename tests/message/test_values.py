"""Values in properties, and their JSON forms."""

from __future__ import annotations

import dataclasses
import enum
import ipaddress
import math
import uuid
from collections import Counter, OrderedDict, UserDict, deque
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.canonical import isoformat
from pipelines_client.message.values import MAX_DEPTH, to_json_value


class Plan(enum.Enum):
    PRO = "pro"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Item:
    sku: str
    price: Decimal


class Cart(pydantic.BaseModel):
    cart_id: str
    items: list[str]


class Unfriendly(dict):  # type: ignore[type-arg]
    def __iter__(self) -> Any:
        raise RuntimeError("no")

    def keys(self) -> Any:
        raise RuntimeError("no")


def convert(value: Any) -> tuple[Any, Counter[str]]:
    notes: Counter[str] = Counter()

    def note(kind: str) -> None:
        notes[kind] += 1

    return to_json_value(value, note), notes


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (2**64 - 1, 2**64 - 1),
        (Decimal("19.99"), 19.99),
        (Decimal(20), 20),
        (Decimal("1.10"), 1.1),
        (Decimal("0.1234567890123456789"), "0.1234567890123456789"),
        (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (timedelta(minutes=1), 60),
        (timedelta(milliseconds=1500), 1.5),
        (time(9, 30), "09:30:00"),
        (b"caf\xc3\xa9", "café"),
        ((1, "a"), [1, "a"]),
        ({7}, [7]),
        (frozenset({"x"}), ["x"]),
        (deque([1, 2]), [1, 2]),
        ({"a": 1}.keys(), ["a"]),
        ({"a": 1}.values(), [1]),
        (OrderedDict(b=1), {"b": 1}),
        (UserDict(b=1), {"b": 1}),
        (Plan.PRO, "pro"),
        (Level.HIGH, 3),
        (Item("s1", Decimal("5.5")), {"sku": "s1", "price": 5.5}),
        (Cart(cart_id="c", items=["a"]), {"cart_id": "c", "items": ["a"]}),
        (np.int64(5), 5),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.array([[1, 2]]), [[1, 2]]),
        (ipaddress.ip_address("127.0.0.1"), "127.0.0.1"),
        (Path("a/b"), "a/b"),
        (Fraction(1, 3), "1/3"),
        ({2: "a", True: "b", None: "c", Plan.PRO: "d"}, {"2": "a", "true": "b", "null": "c", "pro": "d"}),
        (date(1981, 2, 2), date(1981, 2, 2)),
        (datetime(2026, 1, 2, tzinfo=timezone.utc), datetime(2026, 1, 2, tzinfo=timezone.utc)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_with_a_json_form_are_encoded_and_nothing_is_noted(value: Any, expected: Any) -> None:
    """P17: all of these arrive."""
    assert convert(value) == (expected, {})


def test_a_pair_of_surrogates_is_one_character() -> None:
    """Only lone surrogates are lost."""
    assert convert("\ud83d\ude00")[0] == "😀"


@pytest.mark.parametrize(
    ("value", "expected", "kind"),
    [
        (math.nan, None, "non_finite"),
        (-math.inf, None, "non_finite"),
        (Decimal("NaN"), None, "non_finite"),
        (np.float64("inf"), None, "non_finite"),
        (2**64, str(2**64), "big_integer"),
        (b"\xff", "\ufffd", "invalid_utf8"),
        ("a\ud800b", "a\ufffdb", "invalid_utf8"),
        (1 + 2j, None, "unsupported_type"),
        (object(), None, "unsupported_type"),
        (Cart, None, "unsupported_type"),
        (Unfriendly(a=1), None, "unreadable"),
        ({(1, 2): "a"}, {"(1, 2)": "a"}, "key"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_without_a_json_form_are_replaced_and_noted_by_kind(value: Any, expected: Any, kind: str) -> None:
    """P4, P17, P18: a bad value never drops its siblings."""
    converted, notes = convert({"bad": value, "good": 1})
    assert converted == {"bad": expected, "good": 1}
    assert notes == {kind: 1}


def test_a_circular_object_is_cut_where_it_repeats() -> None:
    """P18: a circular dict is sent up to the point where it repeats."""
    circle: dict[str, Any] = {"name": "a"}
    circle["self"] = circle
    assert convert(circle) == ({"name": "a", "self": None}, {"circular": 1})


def test_the_same_object_twice_is_not_a_circle() -> None:
    """Only an object inside itself is circular."""
    item = {"sku": "a"}
    assert convert([item, item]) == ([item, item], {})


def test_nesting_beyond_any_reader_is_cut_and_serialises() -> None:
    """A thousand levels do not raise, and the body is accepted."""
    deep: Any = "end"
    for _ in range(1_000):
        deep = [deep]
    converted, notes = convert(deep)
    assert notes == {"too_deep": 1}
    assert orjson.dumps(converted).count(b"[") == MAX_DEPTH


def test_an_integer_of_thousands_of_digits_does_not_raise() -> None:
    """Python refuses to spell it; the message is accepted without it."""
    assert convert(10**5_000) == (None, {"big_integer": 1})


_anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(alphabet=st.characters())
    | st.binary()
    | st.decimals()
    | st.datetimes()
    | st.dates()
    | st.timedeltas()
    | st.uuids()
    | st.complex_numbers(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers() | st.tuples(st.integers()), inner)
    ),
    max_leaves=20,
)


@given(_anything)
def test_any_value_serialises_to_strict_json(value: Any) -> None:
    """No value raises, and each gives JSON that every reader accepts."""
    converted, _ = convert(value)
    body = orjson.dumps(converted, default=isoformat, option=orjson.OPT_PASSTHROUGH_DATETIME)
    assert b"NaN" not in body.replace(b'"', b"") or isinstance(value, (str, list, dict, tuple, bytes))
    orjson.loads(body)


class Hostile(int):
    """An integer whose text fails."""

    def __str__(self) -> str:
        raise RuntimeError("no")


class BadZone(tzinfo):
    """A zone that fails."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "bad", [{10**6_000: 1}, {Hostile(1): 1}, datetime(2026, 1, 1, tzinfo=BadZone())], ids=["long key", "key", "zone"]
)
def test_a_value_that_fails_deep_inside_drops_only_itself(bad: Any) -> None:
    """Keys of thousands of digits, keys and zones whose methods raise: the sibling stays, and all of it serialises."""
    converted, notes = convert({"bad": bad, "good": 1})
    assert converted["good"] == 1
    assert notes.total() == 1
    orjson.dumps(converted, default=isoformat)


@pytest.mark.parametrize(
    ("mapping", "expected", "count"),
    [
        ({1: "a", "1": "b"}, {"1 (2)": "a", "1": "b"}, 1),
        ({"1": "a", 1: "b", "1 (2)": "c"}, {"1": "a", "1 (3)": "b", "1 (2)": "c"}, 1),
        (
            {True: "a", "true": "b", None: "c", "null": "d"},
            {"true (2)": "a", "true": "b", "null (2)": "c", "null": "d"},
            2,
        ),
        (dict(zip(("\ud800", "\ud801"), (1, 2), strict=True)), {"\ufffd": 1, "\ufffd (2)": 2}, 1),
    ],
)
def test_keys_with_equal_texts_keep_their_values(mapping: Any, expected: Any, count: int) -> None:
    """A key that is text keeps its name; the other one gets a number."""
    converted, notes = convert(mapping)
    assert converted == expected
    assert list(converted.values()) == list(mapping.values())
    assert notes["duplicate_key"] == count


class FailingZone(BadZone):
    """A zone that cannot even be compared."""

    def __eq__(self, _: object) -> bool:
        raise RuntimeError("no")

    def __hash__(self) -> int:
        return 1


class OddTime(time):
    """A time that spells itself as something else than text."""

    def isoformat(self, *_: Any) -> Any:
        return 5


class OddText(str):
    """A text that is not `str` itself."""

    __slots__ = ()

    def __str__(self) -> str:
        return self


@pytest.mark.parametrize("bad", [datetime(2026, 1, 1, tzinfo=FailingZone()), OddTime(9), {OddText("k"): OddText("v")}])
def test_odd_subclasses_drop_no_sibling_and_serialise(bad: Any) -> None:
    """Whatever their methods return, the sibling stays and the result is plain."""
    converted, _ = convert({"bad": bad, "good": 1})
    assert converted["good"] == 1
    orjson.dumps(converted, option=orjson.OPT_PASSTHROUGH_SUBCLASS)
