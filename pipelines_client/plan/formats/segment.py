"""Segment's tracking plans: v1 (`rules.events`, of the Config API) and v2 (`rules`, of the Public API).

Segment's schemas describe the whole message. Ours are of its properties or traits; the rest is the call's `envelope`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pipelines_client.plan.formats.base import (
    NOTES,
    PlanFile,
    PlanFormat,
    notes_of,
    objects_in,
    plan_of,
    text_or_none,
    values_in,
    version_or_one,
    with_notes,
)
from pipelines_client.plan.model import ANY_NAME, PlannedCall, PlannedKind, Schema, TrackingPlan, payload_name
from pipelines_client.plan.schemas import DRAFT_07

_KINDS: Final[Mapping[str, PlannedKind]] = {
    "TRACK": "track",
    "IDENTIFY": "identify",
    "GROUP": "group",
    "PAGE": "page",
    "SCREEN": "screen",
    "COMMON": "common",
}
_TYPES: Final = {kind: name for name, kind in _KINDS.items()}
_NAMED: Final = ("track", "page", "screen")
_RULE: Final = ("type", "key", "version", "jsonSchema")
_LABELS: Final = ("stage", "owner")
_WRAPPERS: Final = ("data", "trackingPlan", "tracking_plan")
_MEMBERS: Final = ("context", "traits", "properties")
_PLAIN: Final[Schema] = {"$schema": DRAFT_07, "type": "object", "properties": {key: {} for key in _MEMBERS}}
"""The envelope that Segment writes around a schema of which nothing else is said."""
_NO_DATE: Final = "0001-"
"""How Segment begins a date that is not set."""


class SegmentFormat(PlanFormat):
    """A plan as Segment's APIs give it."""

    name = "segment"
    title = "Segment tracking plan, v1 or v2 (written as v2)"
    is_written = True

    def recognises(self, files: Sequence[PlanFile]) -> bool:
        """Return whether a file has Segment's rules."""
        return any(_holder_of(value) is not None for value in values_in(files))

    def read(self, files: Sequence[PlanFile]) -> TrackingPlan:
        """Return the plan; rules in several files make one plan."""
        calls: list[PlannedCall] = []
        others: list[Any] = []
        top: dict[str, Any] = {}
        alone: set[PlannedKind] = set()
        for file in files:
            for document in file.documents:
                holder = _holder_of(document.value)
                if holder is None:
                    raise document.error((), "it has no `rules`", "pass a tracking plan as Segment's API gives it")
                rules = holder["rules"]
                top = {**{key: value for key, value in holder.items() if key != "rules"}, **top}
                found, left = _of_v2(_as_v2(rules) if isinstance(rules, dict) else rules, alone)
                calls += found
                others += left
        names = [text_or_none(top.get(key)) for key in ("display_name", "name")]
        kept = {**top, **({"rules": others} if others else {})}
        return plan_of(
            calls,
            name=next(filter(None, names), ""),
            description=text_or_none(top.get("description")),
            extras={self.name: kept} if kept else {},
        )

    def write(self, plan: TrackingPlan) -> str:
        """Return the plan as v2. What Segment has no place for is in each schema's `x-plan`."""
        kept = plan.extras.get(self.name)
        kept = dict(kept) if isinstance(kept, dict) else {}
        others = kept.pop("rules", [])
        rules = [*map(_rule, plan.calls()), *(others if isinstance(others, list) else [])]
        for key in ("display_name", "name", "description"):
            kept.pop(key, None)
        described = {} if plan.description is None else {"description": plan.description}
        content = {"name": plan.name, **described, **kept, "rules": rules}
        return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _holder_of(value: Any) -> dict[str, Any] | None:
    """Return the object that has the rules, out of what the API wraps around it."""
    for _ in range(len(_WRAPPERS) + 1):
        if isinstance(value, list):
            value = {"rules": value}
        if not isinstance(value, dict):
            return None
        rules = value.get("rules")
        if isinstance(rules, dict) and isinstance(rules.get("events"), list):
            return value
        if any(isinstance(event.get("rules"), dict) for event in objects_in(value.get("events"))):
            return {**value, "rules": {"events": value["events"]}}  # RudderStack's API
        if isinstance(rules, list) and all(isinstance(rule, dict) and "jsonSchema" in rule for rule in rules):
            return value
        value = next((value[key] for key in _WRAPPERS if isinstance(value.get(key), dict)), None)
    return None


def _of_v2(rules: Iterable[dict[str, Any]], alone: set[PlannedKind]) -> tuple[list[PlannedCall], list[Any]]:
    """Return the calls, and the rules that the model has no place for, which are kept as they are.

    `alone` has the kinds of which a plan has one; those that are found are added to it.
    """
    calls, others = [], []
    for rule in rules:
        kind = _KINDS.get(str(rule.get("type")).upper())
        key = rule.get("key")
        name = key.strip() and key if isinstance(key, str) else ""
        is_second = kind in alone or (kind == "track" and not name)
        if kind is None or is_second or not isinstance(rule["jsonSchema"], dict):
            others.append(rule)
            continue
        if kind not in _NAMED:
            alone.add(kind)
        kept = {each: value for each, value in rule.items() if each not in _RULE}
        if kind not in _NAMED and isinstance(key, str):
            kept["key"] = key
        name = name or ANY_NAME if kind in _NAMED else ""
        calls.append(_call(kind, name, rule.get("version"), rule["jsonSchema"], kept))
    return calls, others


def _as_v2(rules: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rules of v1 as v2 has them: what it says of all calls, people and groups, then the events."""
    for key, kind in (("global", "COMMON"), ("identify", "IDENTIFY"), ("group", "GROUP")):
        schema, traits = rules.get(key), objects_in(rules.get(f"{key}_traits"))
        if not isinstance(schema, dict) or not schema:
            named = {each["name"]: each.get("rules", {}) for each in traits if isinstance(each.get("name"), str)}
            schema = joined({"type": "object", "properties": named}, _PLAIN, "traits") if named else None
        if schema is not None:
            yield {"type": kind, "version": 1, "jsonSchema": schema}
    for event in objects_in(rules["events"]):
        schema = event.get("rules")
        described = {"description": event["description"]} if text_or_none(event.get("description")) else {}
        message = {**(schema if isinstance(schema, dict) else {}), **described}
        kept = {key: value for key, value in event.items() if key not in ("name", "description", "rules")}
        yield {
            "type": str(event.get("eventType", "TRACK")).upper(),
            "key": event.get("name"),
            "version": 1,
            **kept,
            "jsonSchema": message,
        }


def _call(kind: PlannedKind, name: str, version: Any, message: Schema, kept: dict[str, Any]) -> PlannedCall:
    schema, envelope = split(message, payload_name(kind))
    if schema is message:
        kept = {**kept, "layout": "properties"}
    labels, envelope = _without_labels(envelope)
    description = text_or_none(message.get("description"))
    taken = (NOTES,) if description is None else (NOTES, "description")
    envelope = {key: value for key, value in envelope.items() if key not in taken}
    is_over = isinstance(kept.get("deprecatedAt"), str) and not kept["deprecatedAt"].startswith(_NO_DATE)
    call = PlannedCall(
        kind,
        name,
        version_or_one(version),
        schema,
        {} if envelope == _PLAIN else envelope,
        description=description,
        stage=labels.get("stage"),
        owner=labels.get("owner"),
        status="deprecated" if is_over else "active",
        extras={SegmentFormat.name: kept} if kept else {},
    )
    return with_notes(call, message.get(NOTES))


def _without_labels(envelope: Schema) -> tuple[dict[str, str], Schema]:
    """Return the labels that the model has a place for, and the envelope without them."""
    labels = envelope.get("labels")
    if not isinstance(labels, dict):
        return {}, envelope
    known = {key: labels[key] for key in _LABELS if text_or_none(labels.get(key))}
    if not known:
        return {}, envelope
    left = {key: value for key, value in labels.items() if key not in known}
    rest = {key: value for key, value in envelope.items() if key != "labels"}
    return known, {**rest, **({"labels": left} if left else {})}


def split(message: Schema, payload: str) -> tuple[Schema, Schema]:
    """Return the schema of the payload, and that of the message around it with `{}` in the payload's place.

    A schema that describes the properties only, as some of Segment's tools write it, is returned as the first.
    """
    members = message.get("properties")
    is_of_properties = isinstance(members, dict) and members and not any(key in _MEMBERS for key in members)
    if is_of_properties or not message:
        return message, {}
    inner = members.get(payload) if isinstance(members, dict) else None
    if not isinstance(inner, dict) or not isinstance(members, dict):
        return {}, message
    return inner, {**message, "properties": {**members, payload: {}}}


def joined(schema: Schema, envelope: Schema, payload: str) -> Schema:
    """Return the schema of the whole message: the opposite of `split`."""
    members = envelope.get("properties")
    if isinstance(members, dict) and members.get(payload) == {}:
        return {**envelope, "properties": {**members, payload: schema}}
    if not schema:
        return envelope
    return {**envelope, "properties": {**(members if isinstance(members, dict) else {}), payload: schema}}


def _rule(call: PlannedCall) -> dict[str, Any]:
    kept = call.extras.get(SegmentFormat.name)
    kept = dict(kept) if isinstance(kept, dict) else {}
    is_direct = kept.pop("layout", None) is not None
    notes = notes_of(call)
    labels = {key: notes.pop(key) for key in _LABELS if key in notes}
    if "deprecatedAt" in kept and call.status == "deprecated":
        notes.pop("status", None)  # Segment says it itself
    message = call.schema if is_direct else joined(call.schema, call.envelope or _PLAIN, call.payload_name)
    added: Schema = {} if call.description is None else {"description": call.description}
    if labels:
        above = message.get("labels")
        added["labels"] = {**(above if isinstance(above, dict) else {}), **labels}
    if notes:
        added[NOTES] = notes
    name = {"key": "" if call.name == ANY_NAME else call.name} if call.kind in _NAMED else {}
    return {
        **name,
        "type": _TYPES[call.kind],
        "version": call.event_version,
        "jsonSchema": {**message, **added},
        **kept,
    }
