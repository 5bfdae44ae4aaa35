"""The values of the profile model: a person, an anonymous visitor, an edit of an attribute, the limits. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pipelines_client.effects.model import Unknown

DAY_MS: Final = 86_400_000


class CallKind(NamedTuple):
    """What kind of call something came from: its type, and the event's name of a track call."""

    type: str
    event: str = ""


class Edit(NamedTuple):
    """The value of an attribute, which may be an `Unknown`, and when it was set, in Unix milliseconds."""

    value: Any
    at_ms: int


@dataclass(frozen=True, slots=True)
class PeopleLimits:
    """The limits of a workspace (FACTS C13, C15); sizes are bytes in UTF-8.

    Attributes:
        id_bytes: Of a person's id.
        attributes: Of a person, besides id and e-mail address.
        name_bytes: Of an attribute's name.
        value_bytes: Of an attribute's value: of a text itself, of anything else as JSON.
        event_bytes: Of an event's name, without spaces around it.
        devices: How many devices of a person the model remembers; not a limit of the vendor.
        merge_ms: How far back an identify reaches for the events of its anonymous id.
        late_ms: How long after an identify an anonymous event still merges.
    """

    id_bytes: int = 150
    attributes: int = 300
    name_bytes: int = 150
    value_bytes: int = 1000
    event_bytes: int = 100
    devices: int = 100
    merge_ms: int = 30 * DAY_MS
    late_ms: int = 5 * 60_000


@dataclass(slots=True, eq=False)
class Profile:
    """One person of a workspace. Read only: `Workspace` changes it.

    Attributes:
        cio_id: The identifier that the workspace gave.
        created_by: The call that added the person; None for one who was there before.
        id: The id, if there is one.
        email: The e-mail address as it was last spelled, if there is one.
        email_ms: When that was set.
        email_unsettled: The question on which the address depends, else empty.
        is_identified: Whether an identify was about this person; else only events, groups or devices were.
        edited_ms: The newest edit by an identify, by its timestamp; None before the first.
        attributes: Attributes by name, without id and e-mail address; empty if none are kept.
        devices: Devices by token, with what is known of each.
        anonymous_ids: The anonymous ids that were linked to the person, each once.
        events: How many events, page and screen views are the person's, merged ones included.
        unsure_events: How many more may be: they lie on the day of the limit of 30 days (FACTS C15).
        unsettled: Keys of `QUESTIONS`: what about this person no document settles.
        is_gone: Whether the person was deleted, suppressed or merged into another one.
    """

    cio_id: str
    created_by: CallKind | None = None
    id: str | None = None
    email: str | None = None
    email_ms: int = 0
    email_unsettled: str = ""
    is_identified: bool = False
    edited_ms: int | None = None
    attributes: dict[str, Edit] = field(default_factory=dict)
    devices: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    anonymous_ids: Sequence[str] = ()
    events: int = 0
    unsure_events: int = 0
    unsettled: frozenset[str] = frozenset()
    is_gone: bool = False

    @property
    def is_new(self) -> bool:
        """Whether the calls added this person; else the person was there before."""
        return self.created_by is not None

    def join(self, anonymous_id: str) -> None:
        """Add an anonymous id that is not among the person's."""
        if not isinstance(self.anonymous_ids, list):
            self.anonymous_ids = []  # most people have none, and an empty list takes memory
        self.anonymous_ids.append(anonymous_id)

    def as_dict(self) -> dict[str, Any]:
        """Return the person as plain JSON values; what is unknown is listed by its question, without a value."""
        known = {name: edit.value for name, edit in self.attributes.items() if _question_in(edit.value) is None}
        unknown = {
            name: question
            for name, edit in self.attributes.items()
            if (question := _question_in(edit.value)) is not None
        }
        if self.email_unsettled:
            unknown["email"] = self.email_unsettled
        return {
            "cio_id": self.cio_id,
            "id": self.id,
            "email": self.email,
            "attributes": known,
            "unknown_attributes": unknown,
            "devices": [{"token": token, **about} for token, about in self.devices.items()],
            "anonymous_ids": list(self.anonymous_ids),
            "events": self.events,
            "unsure_events": self.unsure_events,
            "created_by": None if self.created_by is None else self.created_by._asdict(),
            "is_identified": self.is_identified,
            "edited_ms": self.edited_ms,
            "unsettled": sorted(self.unsettled),
        }


def _question_in(value: Any) -> str | None:
    """Return the question of the first `Unknown` in a value, at any depth; None without one."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, Unknown):
            return found.what
        waiting += found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return None


@dataclass(slots=True, eq=False)
class Visitor:
    """An anonymous id: not a person, but its events may become a person's (FACTS C15, P5).

    Attributes:
        first_ms: When the first event arrived that is not a person's; None without one.
        profile: The person to whom an identify linked it last.
        linked_ms: When that identify arrived.
        days: Events that are not a person's: by UTC day of arrival, how many, the first and the last; None without any.
    """

    first_ms: int | None = None
    profile: Profile | None = None
    linked_ms: int | None = None
    days: dict[int, tuple[int, int, int]] | None = None

    def add(self, at_ms: int, keeps_ms: int) -> None:
        """Count an event that arrived, and forget those of days that no identify can reach any more."""
        self.first_ms = at_ms if self.first_ms is None else min(self.first_ms, at_ms)
        days, day = self.days or {}, at_ms // DAY_MS
        count, first, last = days.get(day, (0, at_ms, at_ms))
        days[day] = (count + 1, min(first, at_ms), max(last, at_ms))
        if len(days) > keeps_ms // DAY_MS + 2:
            del days[min(days)]
        self.days = days

    def take(self, from_ms: int) -> tuple[int, int]:
        """Return how many events arrived since an instant, and how many may have; forget them all."""
        sure = unsure = 0
        for count, first, last in (self.days or {}).values():
            if first >= from_ms:
                sure += count
            elif last >= from_ms:
                sure, unsure = sure + 1, unsure + count - 2  # the first is too old, the last is not
        self.days = None
        return sure, unsure
