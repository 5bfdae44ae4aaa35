"""What a file says, as a dataclass of the model, by the types of its fields. Pure.

Pydantic could do this; it costs an application's first client a tenth of a second, and the model has few kinds of
fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

_WORDS: Final = {str: "a text", int: "a whole number", bool: "true or false", tuple: "a list"}
_ANSWERS: Final = {"yes": True, "no": False, "on": True, "off": False}
"""Texts in YAML 1.2 that people mean as true and false."""
_Made = TypeVar("_Made")


class Misfit(NamedTuple):
    """A value that is not what its field holds: where, and what is wrong."""

    path: tuple[str | int, ...]
    fault: str


class FieldError(ValueError):
    """Values that do not fit; `misfits` has all of them."""

    def __init__(self, misfits: list[Misfit]) -> None:
        super().__init__("; ".join(fault for _, fault in misfits))
        self.misfits = misfits


def made(kind: type[_Made], values: Mapping[str, Any]) -> _Made:
    """Return a dataclass with these values for its fields: lists become tuples, tables become dataclasses.

    Raises:
        FieldError: A value does not fit its field, or there is no such field.

    Example:
        ```python
        assert made(PlannedCall, {"name": "A", "aliases": ["b"]}) == PlannedCall(name="A", aliases=("b",))
        ```
    """
    misfits: list[Misfit] = []
    taken = _fields(kind, values, (), misfits)
    if misfits:
        raise FieldError(misfits)
    return kind(**taken)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _fields(
    kind: type, values: Mapping[str, Any], path: tuple[str | int, ...], misfits: list[Misfit]
) -> dict[str, Any]:
    hints = _hints(kind)
    misfits += [Misfit((*path, name), "this key is not known here") for name in values if name not in hints]
    return {name: _taken(hints[name], value, (*path, name), misfits) for name, value in values.items() if name in hints}


def _taken(hint: Any, value: Any, path: tuple[str | int, ...], misfits: list[Misfit]) -> Any:
    """Return a value as its field holds it, and add what does not fit to `misfits`."""
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if value is None and NoneType in options:
        return None
    options = tuple(each for each in options if each is not NoneType)
    if len(options) == 1:
        return _taken_alone(options[0], value, path, misfits)
    if type(value) not in options:
        misfits.append(Misfit(path, f"it is not {' or '.join(_WORDS[each] for each in options)}"))
    return value


def _taken_alone(hint: Any, value: Any, path: tuple[str | int, ...], misfits: list[Misfit]) -> Any:
    origin, arguments = get_origin(hint) or hint, get_args(hint)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(_taken(arguments[0], each, (*path, place), misfits) for place, each in enumerate(value))
    if origin is dict and isinstance(value, dict):
        return {key: _taken(arguments[1], each, (*path, key), misfits) for key, each in value.items()}
    if isinstance(origin, type) and is_dataclass(origin) and isinstance(value, dict):
        return origin(**_fields(origin, value, path, misfits))
    if origin is bool and isinstance(value, str) and value.lower() in _ANSWERS:
        return _ANSWERS[value.lower()]
    if origin is Literal and value not in arguments:
        misfits.append(Misfit(path, f"it is not one of {', '.join(arguments)}"))
    elif origin not in (Any, Literal, type(value)):
        misfits.append(Misfit(path, f"it is not {_WORDS.get(origin, 'a table')}"))
    return value
