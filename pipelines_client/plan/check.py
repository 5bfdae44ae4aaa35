"""The plan, compiled: is this call as planned, and if not, what is wrong and what is to be sent.

`is_clean` is one look-up, one question to jsonschema-rs and a few about the person's id. `judge` decides: it alone
finds, renames, adds and removes. Where `is_clean` says yes, `judge` finds and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from pipelines_client.plan.call_schemas import CallSchemas
from pipelines_client.plan.model import (
    ANY_NAME,
    NAME_FIELDS,
    Mode,
    PlannedCall,
    PlannedKind,
    TrackingPlan,
    payload_name,
)
from pipelines_client.plan.redaction import spelled, without
from pipelines_client.plan.repeats import idempotent_id, key_text, once_mark
from pipelines_client.plan.rules import CALL_RULES
from pipelines_client.plan.rules.base import CallRule, MessagePlace, PlanHit, SeenCall
from pipelines_client.plan.validators import CompiledSchema, plain_json
from pipelines_client.plan.wire import versioned

_ALIAS, _UNKNOWN_EVENT, _UNKNOWN_PAGE = "alias", "unknown-event", "unknown-page"
_OTHERS: Final[tuple[PlannedKind, ...]] = ("identify", "group")
_ANY: Final[Mapping[str, PlannedCall]] = {
    "track": PlannedCall("track"),
    "page": PlannedCall("page"),
    "screen": PlannedCall("screen"),
    "identify": PlannedCall("identify"),
    "group": PlannedCall("group"),
}
"""What holds for calls that the plan does not have, by kind."""
_OBJECTS: Final = frozenset(("properties", "traits", "context"))
"""What properties can be removed from."""
_Payload = Callable[[Any], bool] | None
_Message = Callable[[Mapping[str, Any]], bool] | None
_Way = tuple[_Payload, _Message]
"""The questions about payload and message; None: there is nothing to ask."""


class Violation(NamedTuple):
    """One thing that is not as planned.

    Args:
        code: The rule's code.
        path: Where, in names of the plan: `properties.items[].sku`; other names and all values are `*`.
        mode: What happens.
        hint: What may help, in words of the plan.
    """

    code: str
    path: str
    mode: Mode
    hint: str = ""


class JudgedCall(NamedTuple):
    """What the plan says of a call.

    Args:
        call: What to send: the call that was given, or a changed copy.
        violations: What is wrong, in the order of the rules.
        once: The mark by which it is known that this event was sent (`repeats`); None if it may be sent again.
        planned: What the plan has of it; None if it is not planned.
    """

    call: dict[str, Any]
    violations: tuple[Violation, ...] = ()
    once: str | None = None
    planned: PlannedCall | None = None


class CheckedPlan:
    """A tracking plan, ready to judge calls. Safe for threads.

    Args:
        plan: The plan.
        namespace: What the application's workspace has and others do not, for ids that a key identifies (`repeats`).

    Raises:
        PlanError: A schema cannot be used, or jsonschema-rs is missing; the text names the call and the cure.

    Example:
        ```python
        checked = CheckedPlan(load_plan("tracking-plan.yaml"))
        [violation.code for violation in checked.judge(call).violations]  # ["missing-property"]
        ```
    """

    def __init__(self, plan: TrackingPlan, namespace: bytes = b"") -> None:
        self.plan = plan
        self._namespace = namespace
        made = (kind() for kind in CALL_RULES)
        self._rules: list[tuple[CallRule, Mode]] = [
            (rule, mode) for rule in made if (mode := rule.mode_in(plan)) != "off"
        ]
        self._on = {rule.code for rule, _ in self._rules}
        of_ids = [schema for rule, _ in self._rules if (schema := rule.usual_id(plan)) is not None]
        self._is_usual_id = CompiledSchema({"type": "string", "allOf": [{}, *of_ids]}, "userId").is_valid
        usual = (rule.usual_name(plan) for rule, _ in self._rules)
        self._usual_names = tuple(question for question in usual if question is not None)
        self._schemas = {_key(each): self._compiled(each) for each in _all_calls(plan)}
        self._ways = {kind: self._ways_of(kind) for kind in ("track", "page", "screen", "identify", "group", "alias")}

    @property
    def left_out(self) -> list[str]:
        """Parts of the plan's schemas that are not JSON Schema, and are not asked about: `events > E > type`."""
        return list(dict.fromkeys(part for schemas in self._schemas.values() for part in schemas.left_out))

    # The cheap question

    def is_clean(self, kind: str, fields: Mapping[str, Any], payload: Any) -> bool:
        """Return whether `judge` would find and change nothing; False also if that is too dear to say.

        Args:
            kind: Type of the call.
            fields: Its fields by their names on the wire.
            payload: Its properties or traits: an object, or None.

        Raises:
            ValueError: The payload is not plain JSON.
        """
        field, ways, other = self._ways[kind]
        way = ways.get(fields[field], other)
        if way is None:
            return False
        user_id = fields["userId"]
        if user_id is not None and not self._is_usual_id(user_id):
            return False
        fits, message_fits = way
        return (fits is None or fits(payload)) and (message_fits is None or message_fits(fields))

    def _ways_of(self, kind: str) -> tuple[str, dict[str, _Way | None], _Way | None]:
        """Return the field whose value decides, what is asked about each value, and what about all others."""
        if kind == "alias":
            return "type", {}, (None, None)
        if kind in _OTHERS:
            return "type", {}, self._way(self._planned_or_any(kind, None))
        ways: dict[str, _Way | None] = {}
        if kind == "track" and _ALIAS in self._on:
            ways.update(dict.fromkeys(alias for event in self.plan.events for alias in event.aliases))
        for name in {each.name for each in self._listed(kind) or () if each.name != ANY_NAME or kind == "track"}:
            versions = self.plan.versions_of(name) if kind == "track" else ()
            is_versioned = any(map(self._is_versioned, versions))
            ways[name] = (None, self._version_fits) if is_versioned else self._way(self._planned_or_any(kind, name))
        other = self._way(self._planned_or_any(kind, None)) if self.allows_others(kind) else None
        return NAME_FIELDS[kind], ways, other and (other[0], self._named_usually(kind, other[1]))

    def _way(self, planned: PlannedCall) -> _Way | None:
        """Return what is asked about a planned call; None if each one has to be looked at."""
        if planned.idempotency_key or planned.once_per:
            return None
        if any(rule.is_always(self.plan, planned) for rule, _ in self._rules):
            return None
        schemas = self._schemas[_key(planned)]
        return schemas.fits, schemas.message_fits if schemas.asks_for_message else None

    def _named_usually(self, kind: str, then: _Message) -> _Message:
        """Return the question about a message whose name is free."""
        field = NAME_FIELDS[kind]

        def fits(fields: Mapping[str, Any]) -> bool:
            name = fields[field]
            is_usual = name is None or all(question(name) for question in self._usual_names)
            return is_usual and (then is None or then(fields))

        return fits

    def _version_fits(self, fields: Mapping[str, Any]) -> bool:
        """Return whether an event says its version, and is as that one has it."""
        stated = _stated_version(fields)
        planned = self.plan.event(fields["event"], stated) if stated is not None else None
        way = None if planned is None else self._way(planned)
        if way is None:
            return False
        return (way[0] is None or way[0](fields["properties"])) and (way[1] is None or way[1](fields))

    def allows_others(self, kind: str) -> bool:
        """Return whether calls of a kind may have names that are not planned: there is no list, or no rule asks."""
        if kind not in NAME_FIELDS:
            return True
        listed = self._listed(kind)
        if kind == "track":
            return not listed or _UNKNOWN_EVENT not in self._on
        return listed is None or any(each.name == ANY_NAME for each in listed) or _UNKNOWN_PAGE not in self._on

    # The exact answer

    def judge(self, call: dict[str, Any], made: frozenset[str] = frozenset()) -> JudgedCall:
        """Return what to send of a call, and what is wrong with it.

        Args:
            call: Its fields by their names on the wire. Neither it nor its content changes.
            made: The fields that the client made, since the caller gave none: `messageId`, `timestamp`.
        """
        changed, old_name = self._renamed(call)
        planned = self._planned(changed)
        kind, member = str(changed["type"]), payload_name(changed["type"])
        payload = changed.get(member)
        seen_payload = plain_json(payload) if isinstance(payload, dict) else {}
        described = planned or _ANY.get(kind)
        schemas = None if described is None else self._schemas[_key(described)]
        seen = SeenCall(self.plan, planned, changed, seen_payload, old_name=old_name, made=made)
        if schemas is not None:
            seen = seen.with_faults(schemas)
        hits: list[tuple[CallRule, Mode, PlanHit]] = [
            (rule, mode, hit) for rule, mode in self._rules for hit in rule.find(seen)
        ]
        names = schemas.names if schemas is not None else frozenset[str]()
        found = [Violation(rule.code, spelled(hit.place, names), mode, hit.hint) for rule, mode, hit in hits]
        changed = without(changed, _removed(hits))
        once = None
        if planned is not None:
            changed = self._versioned(changed, planned)
            changed = self._identified(changed, planned, seen_payload, made)
            once = self._once(planned, seen_payload)
        return JudgedCall(changed, tuple(dict.fromkeys(found)), once, planned)

    def _renamed(self, call: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
        name = call.get("event")
        if call["type"] != "track" or _ALIAS not in self._on or not isinstance(name, str):
            return call, None
        planned = None if self.plan.event(name) else self.plan.alias_of(name)
        return (call, None) if planned is None else ({**call, "event": planned}, name)

    def _versioned(self, call: dict[str, Any], planned: PlannedCall) -> dict[str, Any]:
        """Return a call that says its version, where the plan has versions (FACTS R10)."""
        if not self._is_versioned(planned) or _stated_version(call) is not None:
            return call
        return {**call, "context": versioned(call.get("context"), planned.event_version)}

    def _identified(
        self, call: dict[str, Any], planned: PlannedCall, payload: Mapping[str, Any], made: frozenset[str]
    ) -> dict[str, Any]:
        """Return a call with the messageId that its key gives it, unless the caller gave one."""
        if planned.idempotency_key is None or "messageId" not in made:
            return call
        key = key_text(payload, planned.idempotency_key)
        return call if key is None else {**call, "messageId": idempotent_id(self._namespace, planned.name, key)}

    def _once(self, planned: PlannedCall, payload: Mapping[str, Any]) -> str | None:
        key = None if planned.once_per is None else key_text(payload, planned.once_per)
        return None if key is None else once_mark(self._namespace, planned.name, key)

    # What is planned

    def _listed(self, kind: str) -> tuple[PlannedCall, ...] | None:
        lists = {"track": self.plan.events, "page": self.plan.pages, "screen": self.plan.screens}
        return lists[kind]

    def _planned(self, call: Mapping[str, Any]) -> PlannedCall | None:
        """Return what the plan has of a call; None if nothing."""
        kind = str(call["type"])
        if kind in _OTHERS:
            return self.plan.identify if kind == "identify" else self.plan.group
        if kind not in NAME_FIELDS:
            return None
        name = call.get(NAME_FIELDS[kind])
        if kind == "track":
            stated = _stated_version(call)
            return self.plan.event(name, stated) or self.plan.event(name) if isinstance(name, str) else None
        listed = {each.name: each for each in self._listed(kind) or ()}
        return listed.get(name if isinstance(name, str) else "") or listed.get(ANY_NAME)

    def _planned_or_any(self, kind: str, name: str | None) -> PlannedCall:
        call = {"type": kind, NAME_FIELDS.get(kind, "name"): name}
        return self._planned(call) or _ANY[kind]

    def _is_versioned(self, planned: PlannedCall) -> bool:
        if planned.kind != "track":
            return False
        return planned.event_version != 1 or len(self.plan.versions_of(planned.name)) > 1

    def _compiled(self, planned: PlannedCall) -> CallSchemas:
        return CallSchemas(self.plan, planned, [rule for rule, _ in self._rules])


def _all_calls(plan: TrackingPlan) -> Iterator[PlannedCall]:
    """Yield all that the plan has, and for each kind what holds for calls that it does not have."""
    yield from _ANY.values()
    yield from (call for call in plan.calls() if call.kind != "common")


def _key(planned: PlannedCall) -> tuple[str, str, int | str]:
    return planned.kind, planned.name, planned.version


def _stated_version(call: Mapping[str, Any]) -> int | None:
    """Return the version that a call says it has: `context.protocols.event_version`, an integer."""
    context = call.get("context")
    protocols = context.get("protocols") if isinstance(context, Mapping) else None
    version = protocols.get("event_version") if isinstance(protocols, Mapping) else None
    return version if isinstance(version, int) and not isinstance(version, bool) else None


def _removed(hits: Iterable[tuple[CallRule, Mode, PlanHit]]) -> list[MessagePlace]:
    """Return the places of properties that are to be removed: what else is wrong cannot be."""
    return [hit.place for _, mode, hit in hits if mode == "redact" and len(hit.place) > 1 and hit.place[0] in _OBJECTS]
