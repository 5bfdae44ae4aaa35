"""What a workspace holds, and the steps that several rules take. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from pipelines_client.effects.model import Action
from pipelines_client.effects.people.identities import Identities
from pipelines_client.effects.people.profile import CallKind, PeopleLimits, Profile, Visitor

_UNKNOWN_TYPE: Final = "?"


class PersonOutcome(NamedTuple):
    """What one effect did to the people.

    Attributes:
        action: What the call was to do.
        profile: Whom it was about; None for no person, also if the person is suppressed or not to be.
        is_created: Whether it added that person.
        ineffective: Why nothing, or not everything, was applied: a key of `INEFFECTIVE`; else empty.
        unsettled: What no document settles about it: keys of `QUESTIONS`.
        other: The owner of the e-mail address, or the person who was merged or removed.
        at_ms: The time of the call, or of its arrival if it has none, in Unix milliseconds.
        edited_ms: The person's newest edit before it.
        stale: Attributes that certainly keep another value, because a newer edit has set it.
        unsure: Attributes of which that is not known.
    """

    action: Action
    profile: Profile | None = None
    is_created: bool = False
    ineffective: str = ""
    unsettled: tuple[str, ...] = ()
    other: Profile | None = None
    at_ms: int | None = None
    edited_ms: int | None = None
    stale: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()


class Told(NamedTuple):
    """An effect with its times: when it arrived, and the time it tells, which orders edits (FACTS C16, R3).

    Without a timestamp, its time is that of the arrival.
    """

    action: Action
    sees: Mapping[str, Any]
    source: CallKind
    arrived_ms: int
    at_ms: int
    is_timed: bool = True

    def does_nothing(self, why: str, *questions: str) -> PersonOutcome:
        """Return the outcome of a call without effect on people."""
        return PersonOutcome(self.action, ineffective=why, unsettled=questions, at_ms=self.at_ms)

    def is_about(self, profile: Profile) -> PersonOutcome:
        """Return the outcome of a call about someone who is there."""
        return PersonOutcome(self.action, profile, at_ms=self.at_ms, edited_ms=profile.edited_ms)


class State:
    """The people, visitors and objects of a workspace, and how it is set.

    Attributes:
        created: How many people were ever added, by the call that added them.
        identities: The people, by their identifiers.
        visitors: The anonymous ids that were seen.
        objects: Type and id of each object that was named and not deleted.
        keeps_attributes: Whether attributes and devices are kept.
        merges_visitors: Whether an identify takes over what its anonymous id did.
        limits: The limits of the workspace.
    """

    def __init__(self, limits: PeopleLimits, *, keeps_attributes: bool, merges_visitors: bool) -> None:
        self.created: Counter[CallKind] = Counter()
        self._kinds: dict[CallKind, CallKind] = {}
        self.identities = Identities(keeps_attributes=keeps_attributes)
        self.visitors: dict[str, Visitor] = {}
        self.objects: set[tuple[str, str]] = set()
        self.keeps_attributes = keeps_attributes
        self.merges_visitors = merges_visitors
        self.limits = limits

    def refused(self, person: Mapping[str, Any], told: Told) -> PersonOutcome | None:
        """Return the outcome for one who cannot be a person: suppressed, anonymous, id too long or cio_id not known."""
        if "anonymous_id" in person:
            return told.does_nothing("anonymous", *("anonymous_identify",) * (told.action is Action.IDENTIFY))
        if self.identities.is_blocked(person):
            return told.does_nothing("suppressed")
        if "cio_id" in person:
            is_known = self.identities.find(person) is not None
            return None if is_known else told.does_nothing("no_such_cio_id", "no_such_cio_id")
        named: str = next(iter(person.values()))
        is_too_long = len(named.encode("utf-8", "replace")) > self.limits.id_bytes
        return told.does_nothing("id_too_long", "id_too_long") if is_too_long else None

    def touch(self, person: Mapping[str, Any], told: Told, question: str) -> PersonOutcome:
        """Return whom an effect is about that is not an identify; one who is not there is added, which is open."""
        refused = self.refused(person, told)
        if refused is not None:
            return refused
        profile = self.identities.find(person)
        if profile is not None:
            return told.is_about(profile)
        return PersonOutcome(
            told.action, self.add(person, told.source), is_created=True, unsettled=(question,), at_ms=told.at_ms
        )

    def add(self, person: Mapping[str, Any], source: CallKind) -> Profile:
        """Add the person whom a call names by id or e-mail address."""
        kind = self._kinds.setdefault(source, source)  # one object for all people of a kind
        profile = self.identities.add(kind)
        self.created[kind] += 1
        if "id" in person:
            self.identities.give_id(profile, person["id"])
        else:
            self.identities.give_email(profile, person["email"], 0)
        return profile

    def relate(self, told: Told) -> None:
        """Remember the objects that an effect names."""
        named = [told.sees.get("object"), *(each.get("object") for each in related_in(told))]
        self.objects.update(object_key(each) for each in named if each)

    def visitor(self, anonymous_id: object) -> Visitor:
        """Return what is known of an anonymous id."""
        return self.visitors.setdefault(str(anonymous_id), Visitor())

    def link(self, profile: Profile, anonymous_id: Any, arrived_ms: int) -> Iterator[str]:
        """Give a person what an anonymous id did (FACTS C15); yield what is open about it."""
        if not isinstance(anonymous_id, str) or not anonymous_id:
            return
        visitor = self.visitor(anonymous_id)
        before = visitor.profile
        if before is not None and before is not profile and not before.is_gone:
            yield "shared_visitor"
        visitor.profile, visitor.linked_ms = profile, arrived_ms
        if before is None or (before is not profile and anonymous_id not in profile.anonymous_ids):
            profile.join(anonymous_id)
        if self.merges_visitors:
            sure, unsure = visitor.take(arrived_ms - self.limits.merge_ms)
            profile.events += sure
            profile.unsure_events += unsure
            if unsure:
                yield "old_visitor_events"


def related_in(told: Told) -> list[Mapping[str, Any]]:
    """Return the relationships of an effect; none if they are not known."""
    found = told.sees.get("relationships")
    return found if isinstance(found, list) else []


def object_key(about: Mapping[str, Any]) -> tuple[str, str]:
    """Return type and id of an object; a type that is not known is a question mark."""
    kind = about["object_type_id"]
    return str(kind) if isinstance(kind, (str, int)) else _UNKNOWN_TYPE, str(about["object_id"])
