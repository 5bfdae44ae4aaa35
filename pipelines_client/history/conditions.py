"""Conditions on messages, as written after `--where`: `event=Order Completed`, `properties.plan!=free`. Pure.

    condition = field operator value
    field     = a field of the call, or a path into one: event, userId, properties.plan, context.app.name;
                or what the source knows of a message: cause, outcome, reason, occurred_at
    operator  = "=" | "!=" | "~" | "!~" | "<" | "<=" | ">" | ">="
    value     = a text to the end | "as JSON" | 'as it is' | for = and !=, also any of several: ["A", "B"], A|B

A field in double quotes may have any name: `"properties.price (EUR)">5`. `~` and `!~` look for a regular expression;
`<` and its like compare numbers, or times. A field that is missing or null is the empty text. What cannot mean what
was meant is an error, before anything is sent.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from pipelines_client.errors import SourceError
from pipelines_client.evidence.columns import cell
from pipelines_client.evidence.fact import CALL_TYPES
from pipelines_client.evidence.instants import unix_ms
from pipelines_client.keywords import nearest
from pipelines_client.wording import one_line

CALL_FIELDS = (
    *("type", "event", "name", "category", "messageId", "userId", "anonymousId", "groupId", "previousId"),
    *("timestamp", "properties", "traits", "context", "integrations"),
)
"""The fields of a call. A condition may look into the last four, by a path."""

SOURCE_FIELDS = ("cause", "outcome", "reason", "occurred_at")
"""What only a source knows of a message: a replay list, a ledger, dead letters."""

_OBJECTS = CALL_FIELDS[-4:]
_TIMES = ("timestamp", "occurred_at")
_CONDITION = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|[\w.$ -]*[\w$])\s*([=!<>~]+|:)\s*(.*?)\s*""", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_UNLIKELY = "\0"
_MAX_NAMES = 1_000
_HOW = "write FIELD OPERATOR VALUE, as in 'event=Order Completed', 'properties.total>100' or 'userId~@'"

Test = Callable[[Any], bool]


class _NotComparedError(Exception):
    """A value is neither a number nor a time, so that it cannot be less or more."""


@dataclass(slots=True)
class Condition:
    """A condition; `has_met` tells whether any message has had a value that it could compare."""

    text: str
    path: str
    test: Test
    is_order: bool
    has_met: bool = False

    def holds(self, call: Mapping[str, Any], about: Mapping[str, Any]) -> bool:
        """Return whether a message meets the condition; `about` holds what only the source knows."""
        value = _value(self.path, call, about)
        try:
            is_met = self.test(value)
        except _NotComparedError:
            return False
        self.has_met = self.has_met or value is not None
        return is_met


@dataclass(slots=True)
class Where:
    """All conditions of a run, and what the messages have shown of the fields that they name.

    Example:
        ```python
        where = parse_where(["event=Order Completed", "properties.total>=100"])
        chosen = [call for call in calls if where.holds(call, {})]
        where.refuse_unmet()
        ```
    """

    conditions: tuple[Condition, ...]
    _names: dict[str, None] = field(default_factory=dict)
    _has_messages: bool = False

    def holds(self, call: Mapping[str, Any], about: Mapping[str, Any]) -> bool:
        """Return whether a message meets all conditions; each looks at it, so that each knows its field is there."""
        self._has_messages = True
        is_met = all([condition.holds(call, about) for condition in self.conditions])  # noqa: C419 - all must look
        if not all(condition.has_met for condition in self.conditions):
            self._learn(call, about)
        return is_met

    def refuse_unmet(self) -> None:
        """Refuse a condition whose field no message had: it has chosen all, or none, and neither was meant.

        Raises:
            SourceError: Names the condition, and the nearest field that there is.
        """
        for condition in self.conditions if self._has_messages else ():
            path = condition.path
            if condition.has_met or (not condition.is_order and path in (*CALL_FIELDS, *self._names)):
                continue
            if path in self._names:
                raise SourceError(f"--where {condition.text}: no message has a number or a time in {path}")
            raise SourceError(f"--where {condition.text}: no message has {path}{_meant(path, self._names)}")

    def _learn(self, call: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        if len(self._names) < _MAX_NAMES:
            self._names.update(dict.fromkeys(_paths({**call, **about})))


def parse_where(texts: Iterable[str]) -> Where:
    """Read conditions.

    Raises:
        SourceError: A text is not a condition, or names an unknown field or operator.
    """
    return Where(tuple(map(_parse, texts)))


def _parse(text: str) -> Condition:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise SourceError(f"--where {text}: {_HOW}")
    quoted, sign, value = match.groups()
    try:
        path = _unquoted(quoted)
    except ValueError as error:
        raise SourceError(f"--where {text}: {error}") from None
    first, dot, rest = path.partition(".")
    if first not in (*CALL_FIELDS, *SOURCE_FIELDS) or (dot and (first not in _OBJECTS or not rest)):
        known = [*CALL_FIELDS, *SOURCE_FIELDS]
        inside = f"; the fields are {', '.join(known)}, and what is inside of one is written properties.{path}"
        raise SourceError(f"--where {text}: {path} is not a field of a message{_meant(path, known)}{inside}")
    if sign not in _OPERATORS:
        hint = _meant(sign, _OPERATORS)
        raise SourceError(
            f"--where {text}: {sign} is not an operator{hint}; the operators are {' '.join(_OPERATORS)}; a value"
            " that begins with such a sign goes in double quotes"
        )
    try:
        values = _values(value) if sign in ("=", "!=") else [_unquoted(value)]
        if path == "type":
            _check_types(values, sign)
        test = _OPERATORS[sign](path, values)
    except re.error as error:
        raise SourceError(
            f"--where {text}: not a regular expression: {error.msg} at position {error.pos}; a \\ before a sign takes"
            " it as it is"
        ) from None
    except ValueError as error:
        raise SourceError(f"--where {text}: {error}") from None
    return Condition(text, path, test, is_order=sign[0] in "<>")


def _unquoted(text: str) -> str:
    """Return a text without its quotes, if it has some."""
    if text[:1] == "'" == text[-1:] and len(text) > 1:
        return text[1:-1]
    if text[:1] != '"':
        return text
    try:
        return str(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise ValueError(
            f"a text in double quotes is JSON, and this is not: {error.msg} at position {error.pos}; single quotes take"
            " a text as it is"
        ) from None


def _values(text: str) -> list[str]:
    """Return the values of which a field must have one."""
    if text[:1] == "[":
        try:
            given = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ValueError(f"the list is not JSON: {error.msg} at position {error.pos}") from None
        if not given or any(isinstance(each, (dict, list)) for each in given):
            raise ValueError("a list holds texts, numbers, true, false or null, and at least one of them")
        return [_text(each) for each in given]
    if text[:1] in ("'", '"'):
        return [_unquoted(text)]
    values = [value.strip() for value in text.split("|")]
    if len(values) > 1 and "" in values:
        raise ValueError('one side of a | is empty; to look for what is missing, write a list: ["A", ""]')
    return values


def _check_types(values: Sequence[str], sign: str) -> None:
    unknown = [value for value in values if value not in CALL_TYPES] if sign in ("=", "!=") else []
    if unknown:
        known = sorted(CALL_TYPES)
        raise ValueError(f"there is no such type of call{_meant(unknown[0], known)}; there are {', '.join(known)}")


def _equals(path: str, values: Sequence[str]) -> Test:
    if path in _TIMES:
        return _is_at(values)
    wanted, numbers = set(values), {float(value) for value in values if _NUMBER.fullmatch(value)}
    words = {value.lower() for value in values}

    def test(value: Any) -> bool:
        if isinstance(value, bool):
            return _text(value) in words
        return _text(value) in wanted or (isinstance(value, (int, float)) and value in numbers)

    return test


def _is_at(values: Sequence[str]) -> Test:
    """Compare times as times, as `<` does: one instant has many spellings."""
    texts = [value for value in values if value]  # the empty text stands for a missing time
    instants = [unix_ms(text) for text in texts]
    if None in instants:
        raise ValueError("it compares times; write one, as in 2026-11-02T09:30:00Z, or ~ to look at its text")
    wanted = {*instants, *((None,) if len(texts) < len(values) else ())}
    return lambda value: (None if _text(value) == "" else _instant(value)) in wanted


def _finds(_: str, values: Sequence[str]) -> Test:
    found = re.compile(values[0]).search
    if found("") and found(_UNLIKELY):
        raise ValueError("this expression is found in every text, also in an empty one; .+ is found in what is there")
    return lambda value: found(_text(value)) is not None


def _orders(compare: Callable[[Any, Any], bool]) -> Callable[[str, Sequence[str]], Test]:
    def make(path: str, values: Sequence[str]) -> Test:
        (text,) = values
        if _NUMBER.fullmatch(text) and path not in _TIMES:
            return lambda value: compare(_number(value), float(text))
        at_ms = unix_ms(text)
        if at_ms is None:
            raise ValueError("it compares numbers and times; write one, as in 42.5 or 2026-11-02T09:30:00Z")
        return lambda value: compare(_instant(value), at_ms)

    return make


def _no(make: Callable[[str, Sequence[str]], Test]) -> Callable[[str, Sequence[str]], Test]:
    def made(path: str, values: Sequence[str]) -> Test:
        test = make(path, values)
        return lambda value: not test(value)

    return made


_OPERATORS: Mapping[str, Callable[[str, Sequence[str]], Test]] = {
    "=": _equals,
    "!=": _no(_equals),
    "~": _finds,
    "!~": _no(_finds),
    "<": _orders(operator.lt),
    "<=": _orders(operator.le),
    ">": _orders(operator.gt),
    ">=": _orders(operator.ge),
}


def _value(path: str, call: Mapping[str, Any], about: Mapping[str, Any]) -> Any:
    if path in about:
        return about[path]
    first, _, rest = path.partition(".")
    inner = call.get(first)
    return cell(inner if isinstance(inner, dict) else {}, rest) if rest else inner


def _number(value: Any) -> float:
    if type(value) in (int, float):
        return float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    raise _NotComparedError


def _instant(value: Any) -> int:
    at_ms = unix_ms(value)
    if at_ms is None:
        raise _NotComparedError
    return at_ms


def _text(value: Any) -> str:
    """Return a value as JSON writes it, texts without quotes; a missing value is the empty text."""
    if value is None:
        return ""
    if isinstance(value, (bool, dict, list)):
        return orjson.dumps(value).decode()
    return str(value)


def _paths(values: Mapping[str, Any], above: str = "") -> Iterable[str]:
    """Yield the paths of all that a message has."""
    for name, value in values.items():
        yield above + name
        if isinstance(value, dict):
            yield from _paths(value, f"{above}{name}.")


def _meant(text: str, known: Iterable[str]) -> str:
    meant = nearest(text, known)
    return f"; did you mean {one_line(meant)}?" if meant else ""
