"""The tracking plan as the product knows it. Values only: reading and writing files is for `document` and `formats`.

What another tool's plan says beyond this model is kept in `extras`, by the name of its format, and an export to that
format gives it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

PlannedKind: TypeAlias = Literal["track", "identify", "group", "page", "screen", "common"]
"""The kinds of calls that a plan describes; `common` is for what it says of all of them."""
Mode: TypeAlias = Literal["off", "warn", "redact", "reject", "raise"]
"""What happens at a violation: nothing, a warning, the value is removed, the call is refused, or an exception."""
LintLevel: TypeAlias = Literal["off", "warning", "error"]
"""How much a fault of the plan itself matters: `off` leaves the lint's rule out."""
PlannedStatus: TypeAlias = Literal["active", "deprecated", "planned"]
Schema: TypeAlias = dict[str, Any]
"""A JSON Schema, draft-07 unless its `$schema` says another."""

ANY_NAME: Final = "*"
"""The name of the page or screen whose rules are for all of them: any name is allowed then."""
DEFAULT_MODE: Final = "default"
NAME_FIELDS: Final[Mapping[str, str]] = {"track": "event", "page": "name", "screen": "name"}
"""The member of a message that holds its name, for the kinds of calls that have one."""
_PAYLOADS: Final[Mapping[PlannedKind, str]] = {"identify": "traits", "group": "traits"}


@dataclass(frozen=True)
class IdConvention:
    """How the canonical id of a person looks: a regular expression that is searched in `userId`."""

    pattern: str | None = None


@dataclass(frozen=True)
class Conventions:
    """The spelling that the team agreed on; None means that the plan does not say.

    Args:
        events: How names of events are written: `Order Completed` or `order_completed`.
        tense: `past`: `Order Completed`, not `Complete Order`.
        properties: How names of properties and traits are written.
        money: Amounts as an integer of cents, or as a number with decimals. A property is an amount if it has a `unit`
            that is a currency, or if `money_properties` names it.
        dates: Dates as Unix seconds, which Customer.io compares as times, or as ISO-8601 text. A property is a date if
            its schema says so, or if `date_properties` names it.
        ids: How the canonical id looks.
        money_properties: Names of amounts, also in nested objects; `*_cents` stands for all that end so.
        date_properties: Names of dates, likewise; `*_at` stands for all that end so.
    """

    events: Literal["Title Case", "snake_case"] | None = None
    tense: Literal["past"] | None = None
    properties: Literal["snake_case", "camelCase", "Title Case"] | None = None
    money: Literal["cents", "decimals"] | None = None
    dates: Literal["unix_seconds", "iso"] | None = None
    ids: IdConvention = IdConvention()
    money_properties: tuple[str, ...] = ()
    date_properties: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlannedCall:
    """One call of the plan: an event, the traits of a person or a group, a page, a screen, or what all calls share.

    Args:
        kind: Which call it is.
        name: Name of the event, page or screen, as it is sent; empty for the other kinds.
        version: Number of the version, 1 or more, or the version's name in a plan whose versions are not numbers.
        schema: JSON Schema of the properties object, or of the traits: `schemas.properties_of` walks it.
        envelope: JSON Schema of the message around that, such as its `context`; empty if the plan says nothing of it.
        description: What it means and when it happens.
        stage: Stage of the lifecycle, such as `activation`.
        owner: Team or person who answers questions.
        status: `planned` is not sent yet, `deprecated` no longer.
        aliases: Other names that the same event is or was sent under.
        backfilled: Whether past events were or will be sent too; None if the plan does not say.
        timestamp_required: Whether each call must say when it happened.
        idempotency_key: Property whose value identifies the event: a repeat gets the same messageId.
        once_per: Property for each value of which the event is sent once only.
        extras: What a foreign plan says beyond this, by the name of its format.
    """

    kind: PlannedKind = "track"
    name: str = ""
    version: int | str = 1
    schema: Schema = field(default_factory=dict)
    envelope: Schema = field(default_factory=dict)
    description: str | None = None
    stage: str | None = None
    owner: str | None = None
    status: PlannedStatus = "active"
    aliases: tuple[str, ...] = ()
    backfilled: bool | None = None
    timestamp_required: bool = False
    idempotency_key: str | None = None
    once_per: str | None = None
    extras: dict[str, Any] = field(default_factory=dict)

    @property
    def payload_name(self) -> str:
        """The member of the message that `schema` describes: `properties` or `traits`."""
        return payload_name(self.kind)

    @property
    def event_version(self) -> int:
        """The version as `context.protocols.event_version` has it: an integer (FACTS R10)."""
        if isinstance(self.version, int):
            return self.version
        digits = self.version.partition("-")[0].partition(".")[0]
        return int(digits) if digits.isascii() and digits.isdigit() else 1


@dataclass(frozen=True)
class TrackingPlan:
    """All that the team has agreed to send.

    Args:
        name: Name of the plan.
        description: What it covers.
        conventions: The spelling that the team agreed on.
        modes: What happens at a violation, by the rule's code; `default` is for the rules that are not named.
        lint: How much a fault of the plan itself matters, by the code of the lint's rule.
        events: The track calls, in the order of the file; a version of an event is one of them.
        identify: The traits of a person.
        group: The traits of a group.
        common: What the plan says of all calls.
        pages: The pages that are allowed; None allows all. A page named `*` has rules for all of them, and allows all.
        screens: The screens that are allowed, likewise.
        extras: What a foreign plan says beyond this, by the name of its format.

    Example:
        ```python
        plan = TrackingPlan("Shop", events=(PlannedCall("track", "Order Completed"),))
        assert plan.event("Order Completed") is plan.events[0]
        assert plan.event("Order Compelted") is None
        ```
    """

    name: str = ""
    description: str | None = None
    conventions: Conventions = Conventions()
    modes: dict[str, Mode] = field(default_factory=dict)
    lint: dict[str, LintLevel] = field(default_factory=dict)
    events: tuple[PlannedCall, ...] = ()
    identify: PlannedCall | None = None
    group: PlannedCall | None = None
    common: PlannedCall | None = None
    pages: tuple[PlannedCall, ...] | None = None
    screens: tuple[PlannedCall, ...] | None = None
    extras: dict[str, Any] = field(default_factory=dict)

    def calls(self) -> Iterator[PlannedCall]:
        """Yield all that the plan describes: common rules, people, groups, pages, screens, then the events."""
        yield from (call for call in (self.common, self.identify, self.group) if call is not None)
        yield from self.pages or ()
        yield from self.screens or ()
        yield from self.events

    def event(self, name: str, version: int | str | None = None) -> PlannedCall | None:
        """Return an event by the name that is sent, or None.

        Args:
            name: The planned name, letter by letter; aliases are not looked up (`alias_of`).
            version: Which version; default: the oldest, as Segment judges a call without a version (FACTS R10).
        """
        versions = self.versions_of(name)
        if version is None:
            return versions[0] if versions else None
        return next((event for event in versions if version in (event.version, event.event_version)), None)

    def versions_of(self, name: str) -> tuple[PlannedCall, ...]:
        """Return all versions of an event, the oldest first; empty if it is not planned."""
        return self._events_by_name.get(name, ())

    def alias_of(self, name: str) -> str | None:
        """Return the planned name of an event that is sent under another one, or None."""
        return self._names_by_alias.get(name)

    def mode_of(self, code: str, own: Mode) -> Mode:
        """Return what happens at a violation of a rule.

        Args:
            code: The rule's code.
            own: What happens unless the plan names the rule. Only where that is `warn`, `default` speaks for it.
        """
        return self.modes.get(code) or (self.modes.get(DEFAULT_MODE, own) if own == "warn" else own)

    @cached_property
    def _events_by_name(self) -> dict[str, tuple[PlannedCall, ...]]:
        found: dict[str, list[PlannedCall]] = {}
        for event in self.events:
            found.setdefault(event.name, []).append(event)
        return {name: tuple(sorted(events, key=lambda event: event.event_version)) for name, events in found.items()}

    @cached_property
    def _names_by_alias(self) -> dict[str, str]:
        return {alias: event.name for event in self.events for alias in event.aliases}


def payload_name(kind: PlannedKind) -> str:
    """Return the member of a message whose schema the plan gives: `traits` for people and groups, else `properties`."""
    return _PAYLOADS.get(kind, "properties")
