"""Which legs a message takes, and which leg is authoritative. Pure.

The stages are `segment → shadow → dual → live → complete`, and a migration may step forward or back. Whether a person
is in a leg's share depends on a hash of the salt and the person's id, so every process decides the same. `watch` reads
the rules while the process runs.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pipelines_client.destinations.base import FORWARDING
from pipelines_client.destinations.customerio import RESERVED_NAMES
from pipelines_client.errors import ConfigError
from pipelines_client.message.build import Message
from pipelines_client.routing.cohorts import NO_ALIASES, People, in_cohort
from pipelines_client.routing.consent import asks_by_name, is_switched_off, lacks_consent, refuses_by_name
from pipelines_client.sides import CUSTOMERIO, SEGMENT

CONSENT = "consent"
"""Why a leg skips a message: the person has not agreed to it."""
HANDOVER = "handover"
"""Why Customer.io's leg skips a message: Segment's Customer.io destination forwards it."""
_DIRECT = "direct"
_BY_STAGE = ("stage", "cohort")
_NEVER = ("denied", CONSENT)


class Stage(str, enum.Enum):
    """How far the migration is. The values are stamped on messages and written into the ledger and the stage file."""

    SEGMENT = "segment"  # Segment only
    SHADOW = "shadow"  # both; Customer.io for a share of people; Segment is authoritative
    DUAL = "dual"  # both for all; Segment is authoritative
    LIVE = "live"  # both; Customer.io is authoritative; Segment for a share, so that a rollback is possible
    COMPLETE = "complete"  # Customer.io only

    @property
    def authoritative(self) -> str:
        """The leg whose failures reach the caller: a full backlog, `on_error`."""
        return CUSTOMERIO if self in (Stage.LIVE, Stage.COMPLETE) else SEGMENT

    @property
    def left_out(self) -> str | None:
        """The leg that gets no messages at this stage."""
        return {Stage.SEGMENT: CUSTOMERIO, Stage.COMPLETE: SEGMENT}.get(self)

    @property
    def partial(self) -> str | None:
        """The leg that gets only a share of people at this stage."""
        return {Stage.SHADOW: CUSTOMERIO, Stage.LIVE: SEGMENT}.get(self)

    def moved(self, steps: int) -> Stage | None:
        """Return the stage `steps` further on, or back if negative; None before the first and after the last."""
        order = list(Stage)
        place = order.index(self) + steps
        return order[place] if 0 <= place < len(order) else None


class Switch(str, enum.Enum):
    """What a leg does with its messages, at any stage. The values are words of the settings and the stage file."""

    ON = "on"  # sends them
    OFF = "off"  # keeps them on disk
    DISCARD = "discard"  # drops them, with the reason `discarded`


@dataclass(frozen=True, slots=True)
class Names:
    """A list that selects messages by event, tenant or id.

    `events` holds names of tracks, pages and screens; `tenants` values of `groupId` or `context.groupId`; `ids` user
    ids, anonymous ids and previous ids.
    """

    events: frozenset[str] = frozenset()
    tenants: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.events or self.tenants or self.ids)

    def holds(self, event: str | None, ids: Collection[Any], call: Mapping[str, Any]) -> bool:
        """Return whether the list selects a call with this name and these ids."""
        if self.events and (event or "").strip() in self.events:
            return True
        if self.ids and not self.ids.isdisjoint(one for one in (*ids, call.get("previousId")) if isinstance(one, str)):
            return True
        if not self.tenants:
            return False
        context = call.get("context")
        tenants = (call.get("groupId"), context.get("groupId") if isinstance(context, dict) else None)
        return any(isinstance(tenant, str) and tenant in self.tenants for tenant in tenants)


@dataclass(frozen=True, slots=True)
class LegRules:
    """The rules of one leg.

    `share` (0 to 1) is a share of people; it applies only at the stage where the leg is partial. A message on `deny` is
    skipped at every stage. A message on `allow` is sent at any share. `deny` wins over `allow`. `consent` has
    the categories that a message's preferences must all allow.
    """

    share: float = 1.0
    allow: Names = field(default_factory=Names)
    deny: Names = field(default_factory=Names)
    switch: Switch = Switch.ON
    consent: frozenset[str] = frozenset()


class Usual(NamedTuple):
    """How a plan routes nearly all messages: they have the same `skips`.

    Others are calls with `integrations`, groups without a person, and tracks with one of `names`, once trimmed.
    """

    skips: Mapping[str, str]
    names: Collection[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """A stage with its rules by leg, and the reserved event names that may reach Customer.io.

    `handover_at` is an instant as `clock.iso_utc` spells it, or None. With one, each message that Segment takes reaches
    Customer.io by one way: those that were built before it, and those that the stage keeps from Customer.io's leg,
    through Segment's Customer.io destination; the others by the leg, and Segment is told not to forward them.
    `of_batches` are the `integrations` of each batch to Segment, which are merged with a message's own (FACTS S5).
    """

    stage: Stage
    legs: tuple[str, ...]
    rules: Mapping[str, LegRules] = field(default_factory=dict)
    salt: str = ""
    allow_commands: Collection[str] = field(default_factory=frozenset)
    aliases: People = field(default=NO_ALIASES, compare=False)
    handover_at: str | None = None
    of_batches: Mapping[str, Any] = field(default_factory=dict)

    authoritative: str = field(init=False, compare=False)
    """The leg whose failures reach the caller; with one leg, that leg."""
    name: str = field(init=False, compare=False)
    """The stage's name, which is stamped on each message."""
    usual: Usual | None = field(init=False, compare=False, repr=False)
    """How it routes nearly all messages; None if each has to be asked about: a share, a list, consent, a hand-over."""
    _out: Mapping[str, str] = field(init=False, compare=False, repr=False)
    _choosing: tuple[tuple[str, LegRules, bool], ...] = field(init=False, compare=False, repr=False)
    _serves_customerio: bool = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Work out once what `route` needs for each message."""
        out = {leg: "stage" for leg in self.legs if leg == self.stage.left_out}
        choosing = []
        for leg in self.legs:
            rules = self.rules_of(leg)
            is_partial = leg == self.stage.partial and rules.share < 1
            if is_partial or rules.deny or rules.consent:
                choosing.append((leg, rules, is_partial))
        authoritative = self.stage.authoritative
        object.__setattr__(self, "authoritative", authoritative if authoritative in self.legs else self.legs[0])
        object.__setattr__(self, "name", self.stage.value)
        object.__setattr__(self, "_out", out)
        object.__setattr__(self, "_choosing", tuple(choosing))
        serves_customerio = CUSTOMERIO in self.legs and CUSTOMERIO not in out
        object.__setattr__(self, "_serves_customerio", serves_customerio)
        names = {*RESERVED_NAMES.difference(self.allow_commands), ""} if serves_customerio else ()
        is_usual = not choosing and self.handover_at is None
        object.__setattr__(self, "usual", Usual(out, names) if is_usual else None)

    def route(self, message: Message, call: Mapping[str, Any]) -> Mapping[str, str]:
        """Return why legs skip this message, by leg; a leg without an entry takes it.

        A reason that holds at any stage goes before the stage's own, so that a later replay leaves the message out. The
        key `FORWARDING` says why Segment may not forward the message to Customer.io; without it, it may.
        """
        skips = self._skips(message, call)
        if (self.handover_at is None and CONSENT not in skips.values()) or SEGMENT in skips or SEGMENT not in self.legs:
            return skips
        if self.handover_at is not None:
            skips = self._handed_over(message, call, skips)
        reason = skips.get(CUSTOMERIO)
        if reason not in _NEVER or is_switched_off(call.get("integrations")):  # the message itself tells Segment
            return skips
        return {**skips, FORWARDING: reason} if reason == CONSENT or self.handover_at is not None else skips

    def _handed_over(self, message: Message, call: Mapping[str, Any], skips: Mapping[str, str]) -> Mapping[str, str]:
        """Return `skips` with one way to Customer.io for a message that Segment takes.

        What a message's own `integrations` ask of Segment by name goes that way: whether a batch's would win is not
        documented. What they, or those of each batch, keep Segment from forwarding is not left to it.
        """
        reason, at, own = skips.get(CUSTOMERIO), self.handover_at or "", call.get("integrations")
        is_before = reason in _BY_STAGE or (reason is None and (message.built_at < at or asks_by_name(own)))
        if is_before and not is_switched_off({**self.of_batches, **(own if isinstance(own, Mapping) else {})}):
            return {**skips, CUSTOMERIO: HANDOVER}
        return {**skips, FORWARDING: _DIRECT} if reason is None else skips

    def _skips(self, message: Message, call: Mapping[str, Any]) -> Mapping[str, str]:
        skips = self._out
        for leg, rules, is_partial in self._choosing:
            reason = self._why_not(rules, message, call, is_partial=is_partial)
            if reason is not None:
                skips = {**skips, leg: reason}
        own = call.get("integrations")
        if own and CUSTOMERIO in self.legs and refuses_by_name(own):
            skips = {**skips, CUSTOMERIO: CONSENT}
        if message.type == "group" and SEGMENT in self.legs and not (message.user_id or message.anonymous_id):
            known = skips.get(SEGMENT)
            reason = known if known in _NEVER else "no_person"  # either goes before what a stage says
            return {**skips, SEGMENT: reason}  # FACTS S3: it would drop it behind a 200
        if message.type == "track" and self._serves_customerio and CUSTOMERIO not in skips:
            name = (message.event or "").strip()  # FACTS C13: Customer.io trims names before it compares them
            if not name:
                return {**skips, CUSTOMERIO: "empty_event"}  # it could refuse the whole batch for it (FACTS C5)
            if name in RESERVED_NAMES and name not in self.allow_commands:
                return {**skips, CUSTOMERIO: "reserved_name"}
        return skips

    def _why_not(self, rules: LegRules, message: Message, call: Mapping[str, Any], *, is_partial: bool) -> str | None:
        ids = message.user_id, message.anonymous_id
        if rules.consent and lacks_consent(call, rules.consent):
            return CONSENT
        if rules.deny and rules.deny.holds(message.event, ids, call):
            return "denied"
        if not is_partial or (rules.allow and rules.allow.holds(message.event, ids, call)):
            return None
        identity = message.identity
        if message.type == "alias" and call.get("previousId"):
            identity = f"user:{call['previousId']}"  # this id already has a cohort
        is_in = in_cohort(identity, share=rules.share, salt=self.salt, aliases=self.aliases)
        return None if is_in else "cohort"

    def rules_of(self, leg: str) -> LegRules:
        """Return the rules of a leg; a leg without rules takes everything."""
        return self.rules.get(leg, _NO_RULES)

    def switch_of(self, leg: str) -> Switch:
        """Return whether a leg sends, keeps or discards its messages."""
        return self.rules_of(leg).switch


_NO_RULES = LegRules()


def stage_for(stage: Stage | None, *, legs: Collection[str]) -> Stage:
    """Return the given stage, or the default for the keys that are set: `dual` with both keys, else `complete`.

    Raises:
        ConfigError: The stage needs a leg that has no key.
    """
    if stage is None:
        return Stage.DUAL if SEGMENT in legs else Stage.COMPLETE
    if stage is not Stage.COMPLETE and SEGMENT not in legs:
        raise ConfigError(f'stage "{stage.value}" sends to Segment: set segment_write_key, or use stage "complete"')
    return stage
