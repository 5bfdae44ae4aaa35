"""The people of a workspace as a state machine: each effect of a call changes them by the documented rules. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from pipelines_client.effects.identifiers import person_of
from pipelines_client.effects.model import Action, Effect
from pipelines_client.effects.people import acting
from pipelines_client.effects.people.identifying import identify
from pipelines_client.effects.people.profile import CallKind, PeopleLimits, Profile, Visitor
from pipelines_client.effects.people.state import PersonOutcome, State, Told
from pipelines_client.evidence.instants import unix_ms

_NO_SOURCE: Final = CallKind("")


class Workspace:
    """The people of a workspace.

    Args:
        keeps_attributes: Whether attributes and devices are kept; without them a person takes about 600 bytes.
        merges_visitors: Whether an identify with both ids takes over what the anonymous id did, which a workspace can
            switch off (FACTS C15).
        limits: Its limits.

    Attributes:
        unsettled: In how many calls a question of `QUESTIONS` was met.

    Example:
        >>> from pipelines_client.effects.model import Action, Effect
        >>> workspace = Workspace()
        >>> workspace.apply(Effect(Action.IDENTIFY, {"person": {"id": "user-42"}, "attributes": {"plan": "pro"}}))
        >>> workspace.find("user-42").attributes["plan"].value
        'pro'
    """

    def __init__(
        self, *, keeps_attributes: bool = True, merges_visitors: bool = True, limits: PeopleLimits | None = None
    ) -> None:
        self.unsettled: Counter[str] = Counter()
        self._state = State(
            limits or PeopleLimits(), keeps_attributes=keeps_attributes, merges_visitors=merges_visitors
        )

    @property
    def profiles(self) -> Iterator[Profile]:
        """The people, in the order in which they were added."""
        return iter(self._state.identities)

    @property
    def created(self) -> Counter[CallKind]:
        """How many people were ever added, by the call that added them; those who are gone are counted too."""
        return self._state.created

    @property
    def visitors(self) -> Mapping[str, Visitor]:
        """The anonymous ids that were seen."""
        return self._state.visitors

    @property
    def objects(self) -> frozenset[tuple[str, str]]:
        """Type and id of each object that was named and not deleted."""
        return frozenset(self._state.objects)

    @property
    def held(self) -> int:
        """How many people, anonymous ids and objects are held in memory."""
        return len(self) + len(self._state.visitors) + len(self._state.objects)

    def __len__(self) -> int:
        """Return the number of people."""
        return len(self._state.identities)

    def find(self, text: str) -> Profile | None:
        """Return a person by id, e-mail address or `cio_…`, as a `userId` names one (FACTS C17)."""
        return self._state.identities.find(person_of(text))

    def add_existing(self, *, person_id: str = "", email: str = "", cio_id: str = "") -> bool:
        """Add one who was there before the calls; return False without an identifier, or if someone has one of them."""
        identities = self._state.identities
        named = {name: text for name, text in (("id", person_id), ("email", email), ("cio_id", cio_id)) if text}
        if not named or any(identities.find({name: text}) is not None for name, text in named.items()):
            return False
        profile = identities.add(None, cio_id=cio_id)
        profile.is_identified = True
        if person_id:
            identities.give_id(profile, person_id)
        if email:
            identities.give_email(profile, email, 0)
        return True

    def apply(self, effect: Effect, source: CallKind = _NO_SOURCE, received_ms: int | None = None) -> PersonOutcome:
        """Do what a call does.

        Args:
            effect: As a route returns it. A call that does several things has several.
            source: The kind of call; a person who is added by it is counted there.
            received_ms: When it arrived, in Unix milliseconds; None: at its timestamp.
        """
        at_ms = unix_ms(effect.sees.get("at"))
        arrived_ms = received_ms if received_ms is not None else at_ms if at_ms is not None else 0
        is_timed = at_ms is not None
        told = Told(effect.action, effect.sees, source, arrived_ms, arrived_ms if at_ms is None else at_ms, is_timed)
        outcome = _RULES[effect.action](self._state, told)
        profile = outcome.profile
        if "email_beside" in effect.sees and profile is not None and profile.email is None:
            profile.email_unsettled = profile.email_unsettled or "email_beside"
            outcome = outcome._replace(unsettled=(*outcome.unsettled, "email_beside"))
        for code in outcome.unsettled:
            self.unsettled[code] += 1
            if profile is not None and code not in profile.unsettled:
                profile.unsettled |= {code}
        return outcome


def _nothing(_: State, told: Told) -> PersonOutcome:
    return told.does_nothing("nothing")


def _unknown(_: State, told: Told) -> PersonOutcome:
    return told.does_nothing("unknown_call", "unknown_call")


_RULES: Final[Mapping[Action, Callable[[State, Told], PersonOutcome]]] = {
    Action.IDENTIFY: identify,
    Action.EVENT: acting.happen,
    Action.PAGE: acting.happen,
    Action.SCREEN: acting.happen,
    Action.OBJECT: acting.put_object,
    Action.MERGE: acting.merge,
    Action.DELETE_PERSON: acting.delete,
    Action.SUPPRESS: acting.suppress,
    Action.UNSUPPRESS: acting.unsuppress,
    Action.PUT_DEVICE: acting.put_device,
    Action.DELETE_DEVICE: acting.delete_device,
    Action.DELETE_RELATIONSHIP: _nothing,
    Action.DELETE_OBJECT: acting.delete_object,
    Action.REPORT_DELIVERY: _nothing,
    Action.REPORT_CONTENT: _nothing,
    Action.NOTHING: _nothing,
    Action.UNKNOWN: _unknown,
}
"""What each action does to the people."""
