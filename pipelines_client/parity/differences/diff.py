"""What differs between two payloads, by path and kind. Pure.

Two payloads have no difference exactly when their canonical forms are equal (`canonical.canonical_bytes`): key order,
`1` against `1.0` and escapes do not count; `"1"` against `1` is a difference of type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pipelines_client.canonical import canonical_bytes
from pipelines_client.evidence.paths import below

DriftKind = Literal["missing_key", "null", "type", "value"]

_ABSENT: Any = object()
_MAX_DEPTH = 100  # a deeper difference is reported at this depth


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two payloads differ.

    `path` joins keys by dots (`paths.below`); every index of a list is `[]`, so that the same fault in many items has
    one path.
    `left` and `right` are the values, `Difference.ABSENT` where a side has none.
    """

    path: str
    kind: DriftKind
    left: Any
    right: Any

    ABSENT = _ABSENT


def drift(left: Any, right: Any, path: str = "", depth: int = 0) -> list[Difference]:
    """Return every difference between two JSON values, in the order of the paths; `path` names the values themselves.

    It is a `missing_key` where one side lacks a key or an item, `null` where one has null and the other a value, `type`
    where the JSON types differ, and `value` where only the value does.
    """
    own = type(left)
    if (own is str or own is int) and own is type(right) and left == right:  # nearly all that a pair holds
        return []
    left_type, right_type = json_type(left), json_type(right)
    if left_type != right_type:
        types = (left_type, right_type)
        named: DriftKind = "missing_key" if "absent" in types else "null" if "null" in types else "type"
        return [] if named == "type" and _is_same(left, right) else [Difference(path, named, left, right)]
    if depth < _MAX_DEPTH and left_type == "object":
        return [
            difference
            for key in sorted({*left, *right})
            for difference in drift(left.get(key, _ABSENT), right.get(key, _ABSENT), below(path, key), depth + 1)
        ]
    if depth < _MAX_DEPTH and left_type == "array":
        length = max(len(left), len(right))
        return [
            difference
            for index in range(length)
            for difference in drift(_item(left, index), _item(right, index), f"{path}[]", depth + 1)
        ]
    return [] if _is_same(left, right) else [Difference(path, "value", left, right)]


def json_type(value: Any) -> str:
    """Name the JSON type of a value; `absent` for a value that is not there."""
    if value is _ABSENT:
        return "absent"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, (list, tuple)) else "string"


def _is_same(left: Any, right: Any) -> bool:
    return canonical_bytes(left) == canonical_bytes(right)


def _item(items: Any, index: int) -> Any:
    return items[index] if index < len(items) else _ABSENT
