"""What differs between two routes for one call, by path and kind of change. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pipelines_client.effects.dates import seconds_of, time_of
from pipelines_client.effects.javascript import ABSENT, as_doubles, number_text
from pipelines_client.effects.model import MAX_LEVELS, Action, Effect, Unknown
from pipelines_client.evidence.paths import below

_FRACTION: Final = re.compile(r"\.(?P<digits>[0-9]+)")
_ANONYMOUS: Final = "anonymous_id"
_TRAITS, _PROPERTIES = "traits", "properties"
_PAYLOADS: Final[Mapping[Action, str]] = {
    Action.IDENTIFY: _TRAITS,
    Action.EVENT: _PROPERTIES,
    Action.PAGE: _PROPERTIES,
    Action.SCREEN: _PROPERTIES,
    Action.REPORT_CONTENT: _PROPERTIES,
}
"""What attributes are called in the call, for the paths of differences; an object's come from several places."""
_WHOLE: Final = ("person", "merged", "name", "object", "relationships", "created_at")
_CODES: Final = {"person": "person", "merged": "person", "name": "name", "object": "object"}
_KEPT_APART: Final = ("at", "email_beside")  # the latter is a question about people
_DATES: Final = ("date", "date_in_list")
LEFT_OUT: Final = "command_left_out"
"""Why an effect is none where the client keeps a command from Customer.io."""
_WRITTEN_IF_THERE: Final = frozenset((f"{_TRAITS}.created_at",))
"""What the old route leaves alone if a call has nothing for it, and writes from other calls: not new."""


class RouteDifference(NamedTuple):
    """One place where the routes differ.

    Attributes:
        code: The kind of change, a key of `changes.CHANGES`.
        path: Where: `traits.plan`, `properties.items[].price`, or a key of `Effect.sees`; `action` for the whole call.
        today: What the old route does there; `ABSENT` for nothing.
        then: What the new route does there.
    """

    code: str
    path: str
    today: Any
    then: Any


def differences(today: Sequence[Effect], then: Sequence[Effect]) -> list[RouteDifference]:
    """Return what differs between the effects of one call on two routes, each as `Route.effects` returns them."""
    pairs, old, new = _paired(today, then)
    gone = LEFT_OUT if any(effect.why == LEFT_OUT for effect in then) else "disappears"
    return [*_of_actions(old, new, gone), *(found for pair in pairs for found in _of_pair(*pair))]


def _paired(
    today: Sequence[Effect], then: Sequence[Effect]
) -> tuple[list[tuple[Effect, Effect]], list[Effect], list[Effect]]:
    """Return the pairs of effects with one action, and those of each side that have no partner and do something."""
    pairs, old = [], []
    new = [effect for effect in then if effect.action is not Action.NOTHING]
    for effect in today:
        if effect.action is Action.NOTHING:
            continue
        place = next((index for index, one in enumerate(new) if one.action is effect.action), None)
        if place is None:
            old.append(effect)
        else:
            pairs.append((effect, new.pop(place)))
    return pairs, old, new


def _of_actions(old: list[Effect], new: list[Effect], gone: str) -> Iterator[RouteDifference]:
    """Yield what one route does and the other does not; `gone` is the code of what the new one does not do."""
    unknown = [effect for effect in new if effect.action is Action.UNKNOWN]
    if unknown:
        done = old[0].action if old else Action.NOTHING
        yield RouteDifference(unknown[0].why, "action", done, Unknown(unknown[0].why))
        return
    for index in range(max(len(old), len(new))):
        before = old[index].action if index < len(old) else ABSENT
        after = new[index].action if index < len(new) else ABSENT
        code = "appears" if before is ABSENT else gone if after is ABSENT else "becomes"
        yield RouteDifference(code, "action", before, after)


def _of_pair(today: Effect, then: Effect) -> Iterator[RouteDifference]:
    yield from _of_time(today.sees.get("at", ABSENT), then.sees.get("at", ABSENT))
    for key in sorted(today.sees.keys() | then.sees.keys()):
        if key in _KEPT_APART:
            continue
        is_payload = key == "attributes"
        path = _PAYLOADS.get(today.action, key) if is_payload else key
        missing: Any = {} if is_payload else ABSENT
        walk = _Comparison("attribute" if key not in _WHOLE else key)
        yield from walk.compare(path, today.sees.get(key, missing), then.sees.get(key, missing))


class _Comparison:
    """Compares two values below one key of `Effect.sees`."""

    def __init__(self, root: str) -> None:
        self._root = root

    def compare(self, path: str, today: Any, then: Any, levels: int = MAX_LEVELS) -> Iterator[RouteDifference]:
        """Yield the differences between two values at a path."""
        if today is then:  # nearly all values: what a route does not change is the call's own
            return
        unknown = next((value for value in (then, today) if type(value) is Unknown), None)
        if unknown is not None:
            is_new = today is ABSENT and unknown.what in _DATES  # nothing is there today
            yield RouteDifference("attribute_new" if is_new else unknown.what, path, today, then)
        elif type(today) is type(then) is dict and self._root not in ("person", "merged"):
            yield from self._objects(path, today, then, levels)
        elif type(today) is type(then) is list:
            yield from self._lists(path, today, then, levels)
        elif not _is_same(today, then):
            yield RouteDifference(self._code(path, today, then), path, today, then)

    def _objects(self, path: str, today: Any, then: Any, levels: int) -> Iterator[RouteDifference]:
        if not levels:
            yield RouteDifference("too_deep", path, today, then)
            return
        for key in sorted(today.keys() | then.keys()):
            deeper = _Comparison("person") if self._root == "relationships" and key == "person" else self
            if self._root == "relationships" and key == "attributes":
                deeper = _Comparison("attribute")
            yield from deeper.compare(below(path, key), today.get(key, ABSENT), then.get(key, ABSENT), levels - 1)

    def _lists(self, path: str, today: Any, then: Any, levels: int) -> Iterator[RouteDifference]:
        if not levels:
            yield RouteDifference("too_deep", path, today, then)
            return
        for index in range(max(len(today), len(then))):
            before, after = (some[index] if index < len(some) else ABSENT for some in (today, then))
            yield from self.compare(f"{path}[]", before, after, levels - 1)

    def _code(self, path: str, today: Any, then: Any) -> str:
        if self._root in _CODES:
            return _CODES[self._root]
        if self._root == "relationships":
            return "relationship"
        if then is ABSENT:
            return "anonymous_id" if path.rpartition(".")[2] == _ANONYMOUS else "attribute_gone"
        if today is ABSENT:
            return "attribute_replaced" if path in _WRITTEN_IF_THERE else "attribute_new"
        return _code_of_scalars(today, then)


def _code_of_scalars(today: Any, then: Any) -> str:
    """Return the kind of change between two values that are not the same."""
    if type(then) is str and type(today) is int and seconds_of(then) == today:
        return "date_becomes_text"
    if type(today) is str and type(then) is int and seconds_of(today) == then:
        return "date_becomes_number"
    if _is_text_of(today, then) or _is_text_of(then, today):
        return "number_as_text"
    if _is_number(today) and _is_number(then):
        return "rounded" if as_doubles(then) == today else "value"
    return "value" if type(today) is type(then) else "type"


def _of_time(today: Any, then: Any) -> Iterator[RouteDifference]:
    """Compare the times of a call: in seconds on the old route, as sent on the new one (FACTS R3)."""
    if today is ABSENT and then is ABSENT:
        return
    before = _second(today)
    after = _second(time_of(then))
    if type(today) is Unknown or type(time_of(then)) is Unknown or (after is None and then is not ABSENT):
        yield RouteDifference("odd_time", "at", today, then)
    elif before != after:
        yield RouteDifference("time", "at", today, then)
    elif type(then) is str and _has_fraction(then):
        yield RouteDifference("milliseconds", "at", today, then)


def _second(value: Any) -> int | None:
    if type(value) in (int, float):
        return int(value)
    if type(value) is str:
        try:
            return int(float(value))
        except (ValueError, OverflowError):
            return None
    return None


def _has_fraction(text: str) -> bool:
    found = _FRACTION.search(text)
    return found is not None and int(found["digits"]) > 0


def _is_text_of(number: Any, text: Any) -> bool:
    return type(text) is str and type(number) in (int, float) and number_text(number) == text


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _is_same(today: Any, then: Any) -> bool:
    if type(today) is type(then) or (_is_number(today) and _is_number(then)):
        return today is then or bool(today == then)
    return False
