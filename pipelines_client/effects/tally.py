"""Calls, one after the other → what changes, counted by path and event in bounded memory. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final

from pipelines_client.effects.changes import CHANGES
from pipelines_client.effects.compare import LEFT_OUT, RouteDifference, differences
from pipelines_client.effects.distinct import Distinct, Seen, hash_of
from pipelines_client.effects.javascript import ABSENT, value_at
from pipelines_client.effects.model import Action, Call, Effect, Unknown, as_sent, nothing
from pipelines_client.effects.routes.base import Route

MOST_ROWS: Final = 1_000
_SAMPLES: Final = 3
_PEOPLE: Final = 1 << 17
_OTHER_PATHS: Final = "…"
_MOST_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class ChangeSample:
    """One message that a change is about; values are shown as type and length.

    `place` is where it was read, as file and line.
    """

    message_id: str
    place: str
    today: str
    then: str


@dataclass(frozen=True, slots=True)
class ChangeKey:
    """What a row counts: a kind of change at a path, in calls of a type, and of a track call's event."""

    code: str
    path: str
    type: str
    event: str


@dataclass(slots=True)
class CountedChange:
    """How often a change was seen, and for how many people."""

    key: ChangeKey
    why: str = ""
    messages: int = 0
    people: Distinct = field(default_factory=Distinct)
    samples: list[ChangeSample] = field(default_factory=list)


class ChangeTally:
    """Adds up what changes between two routes.

    There are at most `MOST_ROWS` rows; what comes later is added to one row for each kind of change and type of call.

    Args:
        today: The old route.
        then: The new one.
        key: Key of the hashes by which people are counted.
        cure: What the sender changes in a call that takes the new route.
        left_out: Names of events that the sender keeps from the new route.
    """

    def __init__(
        self,
        today: Route,
        then: Route,
        *,
        key: bytes = b"",
        cure: Callable[[Call], Call] | None = None,
        left_out: Collection[str] = (),
    ) -> None:
        self.today, self.then = today, then
        self._cure, self._left_out = cure, frozenset(left_out)
        self.calls = 0
        self.people = Distinct(_PEOPLE)
        self.ids = Seen()
        self.rows: dict[ChangeKey, CountedChange] = {}
        self._key = key

    def add(self, call: Call, place: str = "") -> tuple[Effect, ...]:
        """Count what changes for one call; return what the new route does with it.

        A line of Segment's archive has the time that the old route sends on, and beside it the one that the client sent
        (FACTS S7); the new route gets the latter.
        """
        self.calls += 1
        who, message_id = _who(call), _text(call.get("messageId"))
        person = hash_of(who, self._key) if who else None
        if person is not None:
            self.people.add(person)
        if message_id:
            self.ids.add(hash_of(message_id, self._key))
        old = self.today.effects(call)
        new = self._on_new_route(as_sent(call))
        for found in _once(differences(old, new)):
            self._count(found, call, place, _why(found, old), person)
        return new

    def _on_new_route(self, sent: Call) -> tuple[Effect, ...]:
        """Return what the new route does with a call, of which the sender changes what it was asked to."""
        if self._left_out and sent.get("type") == "track" and _text(sent.get("event")) in self._left_out:
            return (nothing(LEFT_OUT),)
        return self.then.effects(sent if self._cure is None else self._cure(sent))

    def _count(self, found: RouteDifference, call: Call, place: str, why: str, person: int | None) -> None:
        row = self._row(found, call)
        row.messages += 1
        row.why = row.why or why
        if person is not None:
            row.people.add(person)
        if len(row.samples) < _SAMPLES:
            message_id = _text(call.get("messageId"))[:_MOST_CHARS]
            row.samples.append(ChangeSample(message_id, place, masked(found.today), masked(found.then)))

    def _row(self, found: RouteDifference, call: Call) -> CountedChange:
        kind = _text(call.get("type"))[:_MOST_CHARS]
        is_of_event = CHANGES[found.code].is_of_event and kind == "track"
        event = _text(call.get("event"))[:_MOST_CHARS] if is_of_event else ""
        key = ChangeKey(found.code, found.path[:_MOST_CHARS], kind, event)
        if key not in self.rows and len(self.rows) >= MOST_ROWS:
            key = ChangeKey(found.code, _OTHER_PATHS, kind, "")
        row = self.rows.get(key)
        if row is None:
            row = self.rows[key] = CountedChange(key)
        return row


def masked(value: Any) -> str:
    """Return the type and length of a value, never the value; of an action, its name."""
    if isinstance(value, Action):
        return value.value
    if isinstance(value, str):
        return f"string of {len(value)}"
    if isinstance(value, list):
        return f"array of {len(value)}"
    if isinstance(value, dict):
        is_person = value.keys() <= _IDENTIFIERS
        return f"object with {', '.join(sorted(value))}" if is_person else f"object of {len(value)} keys"
    names = {ABSENT: "absent", None: "null", True: "boolean", False: "boolean"}
    is_number = type(value) in (int, float)
    return "unknown" if isinstance(value, Unknown) else "number" if is_number else names[value]


_IDENTIFIERS: Final = frozenset(("id", "email", "cio_id", "anonymous_id"))


def _once(found: list[RouteDifference]) -> list[RouteDifference]:
    """Return differences with one for each path and kind: many items of a list are one."""
    return list({(each.code, each.path): each for each in reversed(found)}.values())[::-1]


def _why(found: RouteDifference, old: tuple[Effect, ...]) -> str:
    """Return why the old route does nothing, for what appears on the new one."""
    return next((effect.why for effect in old if effect.why), "") if found.code == "appears" else ""


def _who(call: Call) -> str:
    """Return whom a call is about, by the first of its ids or the e-mail address of an identify."""
    return _text(call.get("userId")) or _text(call.get("anonymousId")) or _text(value_at(call, "traits.email"))


def _text(value: Any) -> str:
    """Return a name or id as text; an empty one for null and for what is neither."""
    return value if isinstance(value, str) else str(value) if type(value) in (int, float) else ""
