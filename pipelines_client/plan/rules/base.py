"""What a rule for a call consists of, what it sees, and what it finds.

A rule answers exactly in `find`, which is asked only about calls that may have a fault. Which calls those are, the rule
says beforehand, when the plan is compiled: by a schema (`schema`), by one of the id (`usual_id`) or about a
name that is not planned (`usual_name`), or for all calls of an event (`is_always`). A call that passes all of these has
no fault of the rule; a test holds each rule to that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple, Protocol

from pipelines_client.plan.model import Mode, PlannedCall, Schema, TrackingPlan, payload_name
from pipelines_client.plan.validators import SchemaFault

MessagePlace = tuple[str | int, ...]
"""Names and places that lead to a part of a message: `("properties", "items", 0, "sku")`; empty for all of it."""


ORDER_PLAN = """
events:
  Order Completed:
    properties:
      order_id: {type: string, required: true}
      total: {type: number, required: true}
      currency: {enum: [EUR, USD]}
      items: {type: array, items: {type: object, properties: {sku: {type: string, required: true}}}}
"""
"""An example's plan, which several rules share."""


class FaultSource(Protocol):
    """What finds faults by the schemas of a planned call: `call_schemas.CallSchemas`."""

    def faults(self, payload: Mapping[str, Any]) -> tuple[SchemaFault, ...]:
        """Return where a payload is not as planned."""
        ...

    def message_faults(self, call: Mapping[str, Any]) -> tuple[SchemaFault, ...]:
        """Return where the message around it is not."""
        ...

    def rule_faults(self, payload: Mapping[str, Any]) -> dict[str, tuple[SchemaFault, ...]]:
        """Return where a payload does not fit the schemas of rules, by the rule's code."""
        ...


class PlanHit(NamedTuple):
    """What a rule found: where, and what may help. `hint` holds words of the plan, and no value of the call."""

    place: MessagePlace
    hint: str = ""


@dataclass(frozen=True, slots=True)
class SeenCall:
    """A call as rules see it: plain JSON, under the name that it is planned by.

    Args:
        plan: The plan.
        planned: What the plan says of this call; None if it does not plan it.
        call: The fields of the message by their names on the wire.
        payload: Its properties or traits.
        old_name: The name under which the event was sent, if the plan lists it as an alias.
        made: The fields that the client made, since the caller gave none: `messageId`, `timestamp`.
        faults: Where the payload is not as its planned schema says.
        message_faults: Where the message around it is not, the path from the top of the message.
        folded: Where the payload is not as a rule's `schema` says, by the rule's code.
    """

    plan: TrackingPlan
    planned: PlannedCall | None
    call: Mapping[str, Any]
    payload: Mapping[str, Any]
    old_name: str | None = None
    made: frozenset[str] = frozenset()
    faults: tuple[SchemaFault, ...] = ()
    message_faults: tuple[SchemaFault, ...] = ()
    folded: Mapping[str, tuple[SchemaFault, ...]] = field(default_factory=dict)

    def with_faults(self, schemas: FaultSource) -> SeenCall:
        """Return the call with all that its schemas find."""
        return replace(
            self,
            faults=schemas.faults(self.payload),
            message_faults=schemas.message_faults(self.call),
            folded=schemas.rule_faults(self.payload),
        )

    @property
    def kind(self) -> str:
        """Type of the call: `track` …."""
        return str(self.call["type"])

    @property
    def name(self) -> str | None:
        """Name of the event, page or screen."""
        return self.call.get("event" if self.kind == "track" else "name")

    @property
    def user_id(self) -> str | None:
        """The person's id."""
        return self.call.get("userId")

    @property
    def payload_name(self) -> str:
        """The member that the payload is: `properties` or `traits`."""
        return payload_name(self.kind)  # type: ignore[arg-type]  # an alias has neither

    def placed(self, faults: Iterable[SchemaFault]) -> Iterator[tuple[SchemaFault, MessagePlace]]:
        """Yield faults of the payload with their places in the message."""
        for fault in faults:
            yield fault, (self.payload_name, *fault.path)

    def all_faults(self) -> Iterator[tuple[SchemaFault, MessagePlace]]:
        """Yield all faults of planned schemas with their places in the message."""
        yield from self.placed(self.faults)
        for fault in self.message_faults:
            yield fault, fault.path


class CallRule(ABC):
    """Looks at one call. One file a rule; `rules/__init__` names them all. Its examples are its tests and its page."""

    code: ClassVar[str]
    """The word for it in the plan's `modes`, in counts, logs and reports."""
    title: ClassVar[str]
    """What it finds, in a few words."""
    words: ClassVar[str]
    """What it looks at, why that matters, and the cure, in a sentence or two."""
    mode: ClassVar[Mode] = "warn"
    """What happens unless the plan says. Only where it is `warn`, the plan's `default` speaks for the rule."""
    plan: ClassVar[str]
    """A plan in YAML, without its first line, by which the examples are judged."""
    bad: ClassVar[tuple[Mapping[str, Any], ...]]
    """Calls in which the rule finds something, as they are on the wire."""
    good: ClassVar[tuple[Mapping[str, Any], ...]]
    """Calls in which it finds nothing."""

    @abstractmethod
    def find(self, seen: SeenCall) -> Iterator[PlanHit]:
        """Yield what is wrong with a call."""

    def schema(self, plan: TrackingPlan, planned: PlannedCall) -> Schema | None:
        """Return a schema: a payload that fits it has no fault of this rule; None if no payload has one."""
        del plan, planned
        return None

    def is_always(self, plan: TrackingPlan, planned: PlannedCall) -> bool:
        """Return whether each call of this planned call may have a fault, so that each has to be looked at."""
        del plan, planned
        return False

    def usual_id(self, plan: TrackingPlan) -> Schema | None:
        """Return a schema: a person's id that fits it has no fault of this rule; None if no id has one."""
        del plan
        return None

    def usual_name(self, plan: TrackingPlan) -> Callable[[str], object] | None:
        """Return a cheap question about a name that the plan does not have: true if it has no fault."""
        del plan
        return None

    def mode_in(self, plan: TrackingPlan) -> Mode:
        """Return what happens in a plan where this rule finds something."""
        return plan.mode_of(self.code, self.mode)
