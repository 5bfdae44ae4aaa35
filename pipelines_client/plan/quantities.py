"""Which properties of a plan are amounts of money, and which are dates: one answer for all rules. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from pipelines_client.plan.model import Conventions, PlannedCall, Schema
from pipelines_client.plan.schemas import Property, properties_of, standalone

_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_DATE_FORMATS: Final = frozenset(("date", "date-time"))
_DATE_UNITS: Final = frozenset(("unix_seconds", "unix seconds"))


def is_amount(each: Property, conventions: Conventions) -> bool:
    """Return whether a property is an amount of money: its `unit` is a currency, or the plan names it."""
    unit = each.schema.get("unit")
    if isinstance(unit, str) and _CURRENCY.fullmatch(unit):
        return True
    return _is_named(each.name, conventions.money_properties)


def is_date(each: Property, conventions: Conventions) -> bool:
    """Return whether a property is a date: its `format` or `unit` says so, or the plan names it."""
    if each.schema.get("format") in _DATE_FORMATS or each.schema.get("unit") in _DATE_UNITS:
        return True
    return _is_named(each.name, conventions.date_properties)


def _is_named(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def amounts_in(call: PlannedCall, conventions: Conventions) -> list[tuple[str, ...]]:
    """Return the paths of a call's amounts."""
    return [each.path for each in properties_of(standalone(call)) if is_amount(each, conventions)]


def dates_in(call: PlannedCall, conventions: Conventions) -> list[tuple[str, ...]]:
    """Return the paths of a call's dates."""
    return [each.path for each in properties_of(standalone(call)) if is_date(each, conventions)]


def schema_at(paths: Iterable[tuple[str, ...]], leaf: Schema) -> Schema | None:
    """Return a schema by which the values at some paths are as `leaf` says; None if there is no path.

    Example:
        ```python
        assert schema_at([("items", "[]", "price")], {"type": "integer"}) == {
            "properties": {"items": {"items": {"properties": {"price": {"type": "integer"}}}}}
        }
        ```
    """
    made: Schema = {}
    for path in paths:
        place = made
        for name in path:
            place = (
                place.setdefault("items", {})
                if name == "[]"
                else place.setdefault("properties", {}).setdefault(name, {})
            )
        place.update(leaf)
    return made or None
