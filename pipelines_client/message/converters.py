"""The table of converters: what a value that JSON does not have is sent as. Pure.

`TABLE` is read from its first line to its last, and the first line whose type fits decides. A converter returns a
simpler value, which is converted in turn, or raises `NoFormError`. An application adds lines at the beginning with
`register`. Types that are not imported here (numpy, pandas, attrs, database rows) are recognised by what they have.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import math
import os
from collections import UserString, deque
from collections.abc import Callable, Iterable, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from itertools import islice
from typing import Any
from uuid import UUID

import orjson

from pipelines_client.errors import ConfigError

Note = Callable[[str], None]
"""Called with the kind of each replacement."""
Converter = Callable[[Any, Note], Any]

MAX_VALUES = 40_000  # each takes two bytes at least, and no message may have more than 32,768 (FACTS C6, S3)
MIN_INT, MAX_INT = -(2**63), 2**64 - 1
JSON_TYPES = (str, bool, int, float, type(None), dict, list, tuple, date, datetime)
"""Types that are sent as they are; their subclasses may be registered."""


class NoFormError(Exception):
    """A value has no JSON form; `args[0]` is the kind of the replacement."""


class TooManyValuesError(Exception):
    """A call has more values than any message can hold: it is refused as `too_large`."""


def register(kind: type, function: Callable[[Any], Any]) -> None:
    """Say what values of a type are sent as, in properties, traits and context, by all clients of this process.

    Args:
        kind: The type. Its subclasses are included. A later registration comes before an earlier one, and both come
            before what the client does by itself.
        function: Receives the value and returns a simpler one: text, a number, a list, a dict, or any value that the
            client can convert. If it raises, the value is treated as one that has no JSON form.

    Raises:
        ConfigError: `kind` is not a class, or is a type that JSON has, or `function` cannot be called.

    Example:
        ```python
        analytics.register(Money, lambda money: float(money.amount))
        ```
    """
    if not isinstance(kind, type) or not callable(function):
        raise ConfigError("register needs a class and a function: register(Money, str)")
    if kind in JSON_TYPES or kind is object:
        raise ConfigError(f"{kind.__name__} cannot be registered: it is sent as it is; register a subclass of it")
    TABLE.insert(0, (lambda value: isinstance(value, kind), lambda value, _: function(value)))


def find_converter(value: Any) -> Converter:
    """Return the converter of the first line of the table that fits a value.

    Raises:
        NoFormError: No line fits.
    """
    for fits, convert in TABLE:
        if fits(value):
            return convert
    raise NoFormError("unsupported_type")


def text_of(value: Any) -> str:
    """Return the text of a value that is a `str`, a subclass of it, or a proxy that only claims to be one."""
    return str.__str__(value) if issubclass(type(value), str) else str(value)


def _bounded(values: Iterable[Any]) -> list[Any]:
    """Return the values of a container, which may compute them as it is read, and know no end."""
    listed = list(islice(values, MAX_VALUES + 1))
    if len(listed) > MAX_VALUES:
        raise TooManyValuesError
    return listed


def _is(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds)


def _has(*names: str) -> Callable[[Any], bool]:
    """Return a test for an instance whose type has all these attributes."""
    return lambda value: not isinstance(value, type) and all(hasattr(type(value), name) for name in names)


def _bytes(value: Any, note: Note) -> str:
    content = bytes(value)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        note("invalid_utf8")
        return content.decode("utf-8", "replace")


def _datetime(value: datetime, _: Note) -> Any:
    """Return an exact datetime with a fixed offset, or the text of a time that is finer than a microsecond."""
    if value != value:  # noqa: PLR0124 - pandas' NaT
        raise NoFormError("non_finite")
    if getattr(value, "nanosecond", 0):
        return value.isoformat()
    offset = value.utcoffset()
    day, clock = (value.year, value.month, value.day), (value.hour, value.minute, value.second, value.microsecond)
    return datetime(*day, *clock, tzinfo=None if offset is None else timezone(offset))


def _date(value: date, _: Note) -> date:
    return date(value.year, value.month, value.day)


def _decimal(value: Decimal, _: Note) -> Any:
    if not value.is_finite():
        raise NoFormError("non_finite")
    if value == value.to_integral_value() and MIN_INT <= value <= MAX_INT:
        return int(value)
    nearest = float(value)
    return nearest if math.isfinite(nearest) and Decimal(repr(nearest)) == value else str(value)


def _number(kind: type, value: Any) -> Any:
    """Return the number that a subclass or a proxy stands for; not all proxies can be converted to a number."""
    try:
        return kind(value)
    except TypeError:
        return kind(str(value))


def _timedelta(value: timedelta, _: Note) -> float:
    return _whole(float(value.total_seconds()))


def _mapping(value: Any, _: Note) -> dict[Any, Any]:
    """Return a mapping as its own `items()` say, which may differ from what it stores."""
    if getattr(type(value), "items", None) is dict.items:
        return dict.copy(value)  # in one step, because another thread may write into it meanwhile
    return dict(_bounded(value.items()))


def _fields(value: Any, _: Note) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _attrs(value: Any, _: Note) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in type(value).__attrs_attrs__}


def _struct(value: Any, _: Note) -> dict[str, Any]:
    return {name: getattr(value, name) for name in type(value).__struct_fields__}


def _model(value: Any, _: Note) -> Any:
    """Return a pydantic model's fields, unless it has too many values: `model_dump` itself knows no limit."""
    inside, left = [value], MAX_VALUES
    while inside:
        left -= 1
        if left < 0:
            raise NoFormError("too_many_values")
        each = inside.pop()
        if isinstance(each, (list, tuple, set, frozenset)):
            inside += each
        elif isinstance(each, dict):
            inside += each.values()
        elif hasattr(type(each), "model_dump"):
            inside += vars(each).values()
    return value.model_dump()


def _keyed(value: Any, _: Note) -> dict[Any, Any]:
    return {name: value[name] for name in _bounded(value.keys())}  # a row's own iterator gives values


def _is_numpy_time(value: Any) -> bool:
    kind = type(value)
    return kind.__module__ == "numpy" and kind.__name__ in ("datetime64", "timedelta64")


def _numpy_time(value: Any, _: Note) -> Any:
    """Return a numpy time of any unit as a date, a datetime, seconds or, where Python has no such time, its text."""
    if value != value:  # noqa: PLR0124 - NaT
        raise NoFormError("non_finite")
    if type(value).__name__ == "timedelta64":
        try:
            return _whole(float(value / type(value)(1, "s")))
        except TypeError:  # months and years have no number of seconds
            return str(value)
    plain = value.item()
    if isinstance(plain, date):
        return plain
    try:
        coarser = value.astype("datetime64[us]")
    except OverflowError:  # numpy 2.5; an older one returns another time
        return str(value)
    is_exact = coarser.astype(value.dtype) == value and isinstance(coarser.item(), datetime)
    return coarser.item() if is_exact and coarser == value else str(value)


def _whole(seconds: float) -> float:
    return int(seconds) if seconds.is_integer() else seconds


def _listed(value: Any, _: Note) -> Any:
    """Return the Python form of an array or of a scalar of numpy, pandas or another library."""
    if getattr(getattr(value, "dtype", None), "kind", "") in ("m", "M"):
        return _bounded(value) if value.ndim else value[()]  # `tolist` makes integers of nanoseconds
    size = getattr(value, "size", 0)
    if isinstance(size, int) and size > MAX_VALUES:
        raise TooManyValuesError
    plain = value.tolist()
    if type(plain) is type(value):
        raise NoFormError("unsupported_type")  # numpy's longdouble has no Python form: `tolist` returns it unchanged
    return plain


def _missing(_: Any, __: Note) -> Any:
    raise NoFormError("non_finite")


def _no_form(_: Any, __: Note) -> Any:
    raise NoFormError("unsupported_type")


def _has_own_text(value: Any) -> bool:
    return getattr(type(value), "__str__", None) is not _NO_OWN_TEXT


_NO_OWN_TEXT: Any = object.__str__
_IP = (ipaddress.IPv4Address, ipaddress.IPv6Address, ipaddress.IPv4Network, ipaddress.IPv6Network)

TABLE: list[tuple[Callable[[Any], bool], Converter]] = [
    (_is(type), _no_form),
    (_is(Enum), lambda value, _: value.value),
    (_is(str, UserString), lambda value, _: text_of(value)),
    (_is(bytes, bytearray, memoryview), _bytes),
    (_is(datetime), _datetime),
    (_is(date), _date),
    (_is(Decimal), _decimal),
    (_is(timedelta), _timedelta),
    (_is(time), lambda value, _: value.isoformat()),
    (_is(bool), lambda value, _: bool(value)),  # a proxy: `bool` has no subclasses
    (_is(int), lambda value, _: _number(int, value)),
    (_is(float), lambda value, _: _number(float, value)),
    (_is(UUID, *_IP), lambda value, _: str(value)),
    (_is(os.PathLike), lambda value, _: os.fspath(value)),
    (_is(Mapping), _mapping),
    (_is(list, tuple, set, frozenset, deque, AbstractSet, ValuesView), lambda value, _: _bounded(value)),
    (_is(orjson.Fragment), lambda value, _: orjson.loads(orjson.dumps(value))),
    (dataclasses.is_dataclass, _fields),
    (_has("__attrs_attrs__"), _attrs),
    (_has("__struct_fields__"), _struct),  # msgspec
    (_has("model_dump"), _model),
    (_has("__fields__", "dict"), lambda value, _: value.dict()),  # pydantic 1
    (_is_numpy_time, _numpy_time),
    (lambda value: type(value).__name__ == "NAType", _missing),  # pandas
    (_has("tolist"), _listed),
    (_has("_mapping"), lambda value, _: dict(value._mapping)),  # noqa: SLF001 - SQLAlchemy's documented name
    (_has("keys", "__getitem__"), _keyed),  # rows of sqlite3, asyncpg and others
    (_is(Sequence), lambda value, _: _bounded(value)),
    (_has_own_text, lambda value, _: str(value)),
]
"""Which values fit a line, and what becomes of them. The order matters: an `Enum` may be a `str` too."""
