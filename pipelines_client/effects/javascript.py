"""How JavaScript sees JSON: what counts as empty, how a value becomes text, what a path leads to. Pure.

The old route is written in JavaScript, and its mapping of fields leans on these rules.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from operator import is_not
from typing import Any, Final

import rfc8785

from pipelines_client.effects.model import MAX_LEVELS, Unknown

ABSENT: Final = type("Absent", (), {"__repr__": lambda _: "ABSENT", "__slots__": ()})()
"""Stands for what is not there; JSON's null is another thing."""

_MAX_EXACT = 2**53 - 1
_STEP = re.compile(r"[^.\[\]]+")


def is_empty(value: Any) -> bool:
    """Return whether JavaScript takes a JSON value for false: an empty list or object is not."""
    return value is ABSENT or (not value and type(value) not in (dict, list))


def is_there(value: Any) -> bool:
    """Return whether there is a value that is not null."""
    return value is not ABSENT and value is not None


def value_at(value: Any, path: str) -> Any:
    """Return what a path such as `traits.address.city` leads to, or `ABSENT`.

    A value on the way that JavaScript takes for false is the result itself.
    """
    for step in _steps(path):
        if is_empty(value):
            return value
        if isinstance(value, dict):
            value = value.get(step, ABSENT)
        elif type(value) is list and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return ABSENT
    return value


@lru_cache(maxsize=256)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(_STEP.findall(path))


def number_text(value: float) -> str:
    """Return a number as JavaScript writes it: as a double, `1e16` in full, `1e21` with an exponent."""
    try:
        return rfc8785.dumps(float(value)).decode()
    except OverflowError:
        return "-Infinity" if value < 0 else "Infinity"
    except rfc8785.FloatDomainError:
        return "NaN" if value != value else number_text(10**400 if value > 0 else -(10**400))  # noqa: PLR0124 - NaN


def as_doubles(value: Any, levels: int = MAX_LEVELS) -> Any:
    """Return a value with integers beyond 2^53 as JavaScript reads and writes them again: rounded.

    Without such an integer it is the value itself.
    """
    if type(value) is int and abs(value) > _MAX_EXACT:
        text = number_text(value)
        return None if text.endswith("Infinity") else json.loads(text)
    if not levels and type(value) in (dict, list):
        return Unknown("too_deep")
    if type(value) is dict:
        changed = {key: new for key, item in value.items() if (new := as_doubles(item, levels - 1)) is not item}
        return {**value, **changed} if changed else value
    if type(value) is list:
        items = [as_doubles(item, levels - 1) for item in value]
        return items if any(map(is_not, items, value)) else value
    return value


def scalar_text(value: Any) -> str:
    """Return text, a number, true or false as text."""
    if type(value) is str:
        return value
    return ("true" if value else "false") if type(value) is bool else number_text(value)


def template_text(value: Any, levels: int = MAX_LEVELS) -> str:
    """Return any value as it appears within a text: null and what is not there as nothing, a list with commas."""
    if not is_there(value) or not levels:
        return ""
    if type(value) is list:
        return ",".join(template_text(item, levels - 1) for item in value)
    return "[object Object]" if type(value) is dict else scalar_text(value)
