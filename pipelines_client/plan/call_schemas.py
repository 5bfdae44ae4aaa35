"""All schemas that one planned call has to fit: the plan's own, what is common to all, and those of rules, compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from pipelines_client.plan.model import PlannedCall, Schema, TrackingPlan
from pipelines_client.plan.rules.base import CallRule
from pipelines_client.plan.schemas import PLAIN_REST, properties_of, standalone
from pipelines_client.plan.usable import usable
from pipelines_client.plan.validators import CompiledSchema, SchemaFault, merged

_SAYS_NOTHING: Final[tuple[Schema, ...]] = ({}, PLAIN_REST)
_Placed = tuple[Schema, str]


class CallSchemas:
    """The schemas of one planned call: one question for all of them, and each for itself when reasons are asked for.

    Args:
        plan: The plan.
        planned: The call.
        rules: The rules that are on.

    Raises:
        PlanError: A schema cannot be used; the text names the call.
    """

    def __init__(self, plan: TrackingPlan, planned: PlannedCall, rules: Iterable[CallRule]) -> None:
        place = _place_of(planned)
        shared = () if plan.common is None else (plan.common,)
        of_payload = [each for each in shared if each.payload_name == planned.payload_name]
        self.left_out: list[str] = []
        """Parts of its schemas that are not JSON Schema, and are not asked about."""
        self._payload = [
            self._usable(standalone(each), _place_of(each))
            for each in (planned, *of_payload)
            if each.schema not in _SAYS_NOTHING
        ]
        self._message = [
            self._usable(each.envelope, f"{_place_of(each)} > envelope") for each in (planned, *shared) if each.envelope
        ]
        asked = ((rule.code, rule.schema(plan, planned)) for rule in rules)
        self._of_rules: dict[str, _Placed] = {code: (schema, place) for code, schema in asked if schema is not None}
        self.fits: Callable[[Any], bool] | None = _question([*self._payload, *self._of_rules.values()])
        """Whether a payload fits all of them, and no rule finds anything by its schema; None: each does.

        Raises:
            ValueError: The payload is not plain JSON.
        """
        self._message_fits = _question(self._message)

    def _usable(self, schema: Schema, place: str) -> _Placed:
        made, left_out = usable(schema)
        self.left_out += (" > ".join((place, *path)) for path in left_out)
        return made, place

    @property
    def asks_for_message(self) -> bool:
        """Whether the plan says something of the message around the payload."""
        return self._message_fits is not None

    def message_fits(self, call: Mapping[str, Any]) -> bool:
        """Return whether the message around the payload is as planned; raises as `fits`."""
        return self._message_fits is None or self._message_fits(_on_the_wire(call))

    def faults(self, payload: Mapping[str, Any]) -> tuple[SchemaFault, ...]:
        """Return where a payload is not as planned."""
        return tuple(_faults(self._compiled_payload, payload))

    def message_faults(self, call: Mapping[str, Any]) -> tuple[SchemaFault, ...]:
        """Return where the message around it is not."""
        return tuple(_faults(self._compiled_message, _on_the_wire(call)))

    def rule_faults(self, payload: Mapping[str, Any]) -> dict[str, tuple[SchemaFault, ...]]:
        """Return where a payload does not fit the schemas of rules, by the rule's code."""
        return {code: tuple(schema.faults(payload)) for code, schema in self._compiled_rules.items()}

    @cached_property
    def names(self) -> frozenset[str]:
        """All names of properties that the plan and the rules know, at any depth."""
        all_of = (*self._payload, *self._message, *self._of_rules.values())
        return frozenset(each.name for schema, _ in all_of for each in properties_of(schema))

    @cached_property
    def _compiled_payload(self) -> list[CompiledSchema]:
        return [CompiledSchema(*each) for each in self._payload]

    @cached_property
    def _compiled_message(self) -> list[CompiledSchema]:
        return [CompiledSchema(*each) for each in self._message]

    @cached_property
    def _compiled_rules(self) -> dict[str, CompiledSchema]:
        return {code: CompiledSchema(*each) for code, each in self._of_rules.items()}


def _question(schemas: Sequence[_Placed]) -> Callable[[Any], bool] | None:
    asked = [CompiledSchema(*each).is_valid for each in merged(schemas)]
    if not asked:
        return None
    return asked[0] if len(asked) == 1 else lambda value: all(is_valid(value) for is_valid in asked)


def _faults(schemas: Iterable[CompiledSchema], value: Any) -> Iterator[SchemaFault]:
    for schema in schemas:
        yield from schema.faults(value)


def _on_the_wire(call: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a message has: what is null there was not given."""
    return {name: value for name, value in call.items() if value is not None}


def _place_of(planned: PlannedCall) -> str:
    lists = {"track": "events", "page": "pages", "screen": "screens"}
    return f"{lists[planned.kind]} > {planned.name}" if planned.kind in lists else planned.kind
