"""The table of converters: times of numpy, rows, texts, proxies, and types of the application."""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter, UserList, UserString
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import msgspec
import numpy as np
import pydantic
import pytest
from multidict import MultiDict
from werkzeug.datastructures import MultiDict as FormDict
from werkzeug.local import LocalProxy
from yarl import URL

from pipelines_client.errors import ConfigError
from pipelines_client.message.converters import MAX_VALUES, TABLE, TooManyValuesError, register
from pipelines_client.message.values import to_json_value


def convert(value: Any, **options: Any) -> tuple[Any, Counter[str]]:
    notes: Counter[str] = Counter()

    def note(kind: str) -> None:
        notes[kind] += 1

    return to_json_value(value, note, **options), notes


@pytest.fixture(autouse=True)
def _table() -> Iterator[None]:
    """Take back what a test registers."""
    before = list(TABLE)
    yield
    TABLE[:] = before


@pytest.mark.parametrize("unit", ["h", "m", "s", "ms", "us", "ns"])
def test_numpy_times_of_any_unit_are_times(unit: str) -> None:
    """Data frames hold nanoseconds, of which `item()` and `tolist()` make integers."""
    at = np.datetime64("2026-11-02T10:00", unit)
    assert convert(at) == (datetime(2026, 11, 2, 10), {})  # noqa: DTZ001 - numpy's times have no zone
    assert convert(np.array([at])) == ([datetime(2026, 11, 2, 10)], {})  # noqa: DTZ001 - as above
    assert convert(np.array(at)) == (datetime(2026, 11, 2, 10), {})  # noqa: DTZ001 - as above


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.datetime64("2026-11-02"), date(2026, 11, 2)),
        (np.datetime64("2026-11-02T10:00:00.123456789"), "2026-11-02T10:00:00.123456789"),
        (np.datetime64(10**15, "s"), str(np.datetime64(10**15, "s"))),
        (np.timedelta64(90, "s"), 90),
        (np.timedelta64(1_500_000_000, "ns"), 1.5),
        (np.timedelta64(2, "D"), 172_800),
        (np.timedelta64(3, "M"), "3 months"),
        (np.array([90 * 10**9], "timedelta64[ns]"), [90]),
        (URL("https://shop.example/cart"), "https://shop.example/cart"),
        (ValueError("no stock"), "no stock"),
        (UserList([1, 2]), [1, 2]),
        (UserString("pro"), "pro"),
        (range(3), [0, 1, 2]),
        (FormDict([("tag", "a"), ("tag", "b")]), {"tag": "a"}),
        (MultiDict(plan="pro"), {"plan": "pro"}),
        (LocalProxy(lambda: "pro"), "pro"),
        (LocalProxy(lambda: 7), 7),
        (LocalProxy(lambda: True), True),
        (LocalProxy(lambda: {"a": LocalProxy(lambda: 1.5)}), {"a": 1.5}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_with_an_obvious_form_have_it(value: Any, expected: Any) -> None:
    """None of them becomes null, and nothing is noted."""
    assert convert(value) == (expected, {})


@attrs.define
class Place:
    city: str
    since: timedelta


class Seat(msgspec.Struct):
    number: int


class Site(pydantic.BaseModel):
    url: pydantic.HttpUrl
    secret: str = pydantic.Field("s", exclude=True)


class Keyed:
    """A row as asyncpg has it: its iterator gives values."""

    def keys(self) -> list[str]:
        return ["plan"]

    def __getitem__(self, name: str) -> str:
        return f"the {name}"


class SqlAlchemyRow:
    """A row as SQLAlchemy has it."""

    _mapping: Mapping[str, Any] = {"plan": Decimal("1.5")}


def test_objects_with_named_fields_are_objects() -> None:
    """Attrs classes, structs, models with what they exclude, and rows of databases."""
    with sqlite3.connect(":memory:") as database:
        database.row_factory = sqlite3.Row
        row = database.execute("SELECT 1 AS one, 'b' AS two").fetchone()
    database.close()
    assert convert(
        [Place("Oslo", timedelta(1)), Seat(7), Site(url="https://a.example/"), Keyed(), SqlAlchemyRow(), row]
    ) == (
        [
            {"city": "Oslo", "since": 86_400},
            {"number": 7},
            {"url": "https://a.example/"},
            {"plan": "the plan"},
            {"plan": 1.5},
            {"one": 1, "two": "b"},
        ],
        {},
    )


class NAType:
    """Named as pandas names its missing value."""


class Stamp(datetime):
    """A time with nanoseconds, as pandas has it."""

    nanosecond = 789

    def isoformat(self, *_: Any) -> str:
        return f"{super().isoformat()}789"


class NaTType(datetime):
    """A time that is not one: it differs from itself."""

    __hash__ = None  # type: ignore[assignment]

    def __ne__(self, _: object) -> bool:
        return True


def test_times_and_missing_values_of_pandas() -> None:
    """A timestamp keeps its nanoseconds, as upstream sends it; what is missing is null and noted."""
    assert convert(Stamp(2026, 11, 2, 10, 0, 0, 123456)) == ("2026-11-02T10:00:00.123456789", {})
    for missing in (NAType(), NaTType(2026, 1, 1), np.datetime64("NaT", "s"), np.timedelta64("NaT", "s")):
        assert convert(missing) == (None, {"non_finite": 1})


def test_what_has_no_form_is_left_out_where_asked_for() -> None:
    """Null would overwrite a stored trait. A list keeps its places."""
    circle: dict[str, Any] = {"name": "a", "none": None}
    circle["self"] = circle
    traits = {"a": object(), "b": [object(), 1], "c": {"d": float("nan")}, "e": circle, "f": 10**5_000}
    converted, notes = convert(traits, leaves_out=True)
    assert converted == {"b": [None, 1], "c": {}, "e": {"name": "a", "none": None}}
    assert notes == {"unsupported_type": 2, "non_finite": 1, "circular": 1, "big_integer": 1}


@dataclass(eq=False)
class Person:
    friends: list[Person]


class Node(pydantic.BaseModel):
    inside: list[Node] = []


def test_objects_that_know_each_other_are_not_walked_through_for_ever() -> None:
    """Each path through them is another value: there are more than atoms."""
    people = [Person([]) for _ in range(11)]
    for person in people:
        person.friends = [other for other in people if other is not person]
    with pytest.raises(TooManyValuesError):
        convert(people)
    with pytest.raises(TooManyValuesError):
        convert([0] * (MAX_VALUES + 1))
    node = Node()
    for _ in range(40):
        node = Node(inside=[node, node])
    assert convert(node) == (None, {"too_many_values": 1})


class Money:
    def __init__(self, amount: str) -> None:
        self.amount = Decimal(amount)

    def __str__(self) -> str:
        return f"EUR {self.amount}"


class Price(Money):
    pass


class Endless(Mapping[int, int]):
    """Says that it has two values, and gives them for ever."""

    def __getitem__(self, key: int) -> int:
        return key

    def __iter__(self) -> Iterator[int]:
        return itertools.count()

    def __len__(self) -> int:
        return 2


@pytest.mark.parametrize("value", [range(10**12), Endless(), np.zeros(10**6), {"a": [range(10**12)]}])
def test_a_container_that_computes_its_values_is_read_up_to_the_limit(value: Any) -> None:
    """A range takes no memory, a list of it took all."""
    with pytest.raises(TooManyValuesError):
        convert(value)


def test_an_application_says_what_its_types_are_sent_as() -> None:
    """The latest registration decides, for subclasses too; its result is converted in turn."""
    assert convert(Money("4.20")) == ("EUR 4.20", {})
    register(Money, lambda money: {"amount": money.amount})
    assert convert([Money("4.20"), Price("1")]) == ([{"amount": 4.2}, {"amount": 1}], {})
    register(Price, lambda _: 1 / 0)
    assert convert([Money("4.20"), Price("1")]) == ([{"amount": 4.2}, None], {"unreadable": 1})
    register(Money, lambda money: money)  # for ever
    assert convert(Money("1")) == (None, {"circular": 1})


def test_types_of_json_cannot_be_registered() -> None:
    """They are sent as they are, without a look at the table."""
    for kind in (str, dict, datetime, object):
        with pytest.raises(ConfigError, match=f"{kind.__name__} cannot be registered"):
            register(kind, repr)
    with pytest.raises(ConfigError, match="needs a class and a function"):
        register("Money", repr)  # type: ignore[arg-type]


def test_a_time_with_a_zone_keeps_its_offset() -> None:
    """Exact datetimes with a fixed offset come out as they went in."""
    at = datetime(2026, 11, 2, 10, tzinfo=timezone(timedelta(hours=2)))
    assert convert(at) == (at, {})
