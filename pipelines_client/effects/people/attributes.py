"""Attributes of a person: by the timestamp of the identify that sets them, within the limits (FACTS C13, C16). Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pipelines_client.effects.model import Unknown
from pipelines_client.effects.people.profile import Edit, PeopleLimits, Profile

_OLDER: Final = Unknown("older_identify")
_SAME_TIME: Final = Unknown("same_time")
_OF_ANOTHER: Final = Unknown("email_of_another")
_OVER_LIMIT: Final = Unknown("over_limit")
_CONFLICT: Final = Unknown("merge_conflict")


class Written(NamedTuple):
    """What an identify did to attributes.

    Attributes:
        stale: Names of those that certainly keep another value, because a newer edit has set it.
        unsure: Names of those of which that is not known.
        questions: What is not known: keys of `QUESTIONS`.
    """

    stale: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    questions: frozenset[str] = frozenset()


def write(
    profile: Profile, values: Mapping[str, Any], at_ms: int, limits: PeopleLimits, *, is_timed: bool = True
) -> Written:
    """Set attributes as of an instant.

    One that a newer edit has set stays. If the person was edited later, but not this attribute, its value is unknown;
    so it is if another edit of the same instant has set it, unless the call has no timestamp: then arrival decides.
    """
    is_older = profile.edited_ms is not None and at_ms < profile.edited_ms
    stale: list[str] = []
    unsure: list[str] = []
    questions: set[str] = set()
    for name, sent in values.items():
        before = profile.attributes.get(name)
        if len(name.encode("utf-8", "replace")) > limits.name_bytes or (
            before is None and len(profile.attributes) >= limits.attributes
        ):
            questions.add(_OVER_LIMIT.what)
            continue
        value = sent if _size_of(sent) <= limits.value_bytes else _OVER_LIMIT
        questions |= {_OVER_LIMIT.what} if value is _OVER_LIMIT else set()
        if before is not None and _is_same(before.value, value):
            profile.attributes[name] = Edit(value, max(at_ms, before.at_ms))
        elif before is not None and before.at_ms > at_ms:
            (unsure if isinstance(before.value, Unknown) else stale).append(name)
        elif is_older or (is_timed and before is not None and before.at_ms == at_ms):
            unknown = _OLDER if is_older else _SAME_TIME
            unsure.append(name)
            questions.add(unknown.what)
            profile.attributes[name] = Edit(unknown, at_ms)
        else:
            profile.attributes[name] = Edit(value, at_ms)
    return Written(tuple(stale), tuple(unsure), frozenset(questions))


def doubt(profile: Profile, values: Mapping[str, Any], at_ms: int, limits: PeopleLimits) -> Written:
    """Mark attributes that may have been set as unknown: those that have another value, and not a newer one."""
    unsure = []
    for name, value in values.items():
        before = profile.attributes.get(name)
        if before is not None and (before.at_ms > at_ms or _is_same(before.value, value)):
            continue
        if before is not None or len(profile.attributes) < limits.attributes:
            unsure.append(name)
            profile.attributes[name] = Edit(_OF_ANOTHER, at_ms)
    return Written(unsure=tuple(unsure))


def merge(primary: Profile, secondary: Profile, limits: PeopleLimits) -> bool:
    """Give a person what the merged one has and it lacks (FACTS P4); return whether both have different values.

    Such a value is unknown.
    """
    is_conflict = False
    for name, edit in secondary.attributes.items():
        own = primary.attributes.get(name)
        if own is None and len(primary.attributes) >= limits.attributes:
            continue
        if own is None or _is_empty(own.value):
            primary.attributes[name] = edit
        elif not (_is_empty(edit.value) or _is_same(own.value, edit.value)):
            is_conflict = True
            primary.attributes[name] = Edit(_CONFLICT, max(own.at_ms, edit.at_ms))
    return is_conflict


def _is_empty(value: Any) -> bool:
    return value is None or value == ""


def _is_same(one: Any, other: Any) -> bool:
    """Return whether two values are equal, and of one type: 1 is not true, and unknown is not equal to anything."""
    if type(one) is not type(other) or isinstance(one, Unknown):
        return one is other
    return bool(one == other)


def _size_of(value: Any) -> int:
    """Return the bytes of a value; what no document settles has none."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
    if value is None or isinstance(value, (bool, int, float, Unknown)):
        return 0
    return len(json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace"))
