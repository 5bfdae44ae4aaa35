"""JSON Schema: one schema an event, several in `definitions` or a folder; or a schema of messages, as we write it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Final
from urllib.parse import quote

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

_KEYWORDS: Final = ("$schema", "properties", "definitions", "$defs", "anyOf", "allOf", "oneOf", "type")
_READ: Final[tuple[PlannedKind, ...]] = ("track", "identify", "group", "page", "screen", "common")
_KINDS: Final = _READ[:-1]
_NAMES: Final[Mapping[PlannedKind, str]] = {"track": "event", "page": "name", "screen": "name"}
_OWN_ID: Final = "urn:plan:"
_OF_TOP: Final = ("$schema", "title", "description", "anyOf", "allOf", "definitions", "$defs")
_ENDINGS: Final = (".schema", ".json", ".yaml", ".yml")


class JsonSchemaFormat(PlanFormat):
    """Schemas of events: each file, each definition or each alternative of messages is one."""

    name = "json-schema"
    title = "JSON Schema, draft-07"
    is_written = True

    def recognises(self, files: Sequence[PlanFile]) -> bool:
        """Return whether a file has keywords of JSON Schema."""
        return any(isinstance(value, dict) and any(key in value for key in _KEYWORDS) for value in values_in(files))

    def read(self, files: Sequence[PlanFile]) -> TrackingPlan:
        """Return a plan with an event for each schema; its title is the event's name, else the file's name is."""
        calls: list[PlannedCall] = []
        top: Schema = {}
        for file in files:
            for document in file.documents:
                if not isinstance(document.value, dict):
                    raise document.error((), "it is not a JSON Schema", "pass a file whose content is an object")
                found = list(_calls(document.value, _named_by(file.name)))
                is_many = len(found) != 1 or found[0].schema is not document.value
                top = document.value if is_many and not top else top
                calls += found
        kept = {key: value for key, value in top.items() if key not in _OF_TOP}
        return plan_of(
            calls,
            name=text_or_none(top.get("title")) or "",
            description=text_or_none(top.get("description")),
            extras={self.name: kept} if kept else {},
        )

    def write(self, plan: TrackingPlan) -> str:
        """Return a schema of messages: each is as one of the calls says, and as `common` says."""
        kept = plan.extras.get(self.name)
        content: Schema = {"$schema": DRAFT_07, "title": plan.name}
        if plan.description is not None:
            content["description"] = plan.description
        content |= kept if isinstance(kept, dict) else {}
        content["anyOf"] = [_message(call) for call in plan.calls() if call.kind in _KINDS]
        if plan.common is not None:
            content["allOf"] = [_message(plan.common)]
        return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _named_by(file_name: str) -> str:
    name = PurePath(file_name).name
    for ending in _ENDINGS[::-1]:
        name = name.removesuffix(ending)
    return name


def _calls(value: Schema, name: str) -> Iterator[PlannedCall]:
    """Yield the calls of a schema: of messages, of many events, or of one."""
    messages = [each for key in ("allOf", "anyOf") for each in objects_in(value.get(key)) if NOTES in each]
    if messages and "properties" not in value:
        yield from (_of_message(each, name) for each in messages)
        return
    definitions = value.get("definitions", value.get("$defs"))
    if (
        isinstance(definitions, dict)
        and definitions
        and not any(key in value for key in ("properties", "$ref", "type"))
    ):
        for key, schema in definitions.items():
            if isinstance(schema, dict):
                yield _of_schema(schema, key)
        return
    yield _of_message(value, name)


def _of_message(value: Schema, name: str) -> PlannedCall:
    """Return the call of a schema of messages, which names the event; of any other schema, that of its properties."""
    notes = value.get(NOTES)
    notes = notes if isinstance(notes, dict) else {}
    members = value.get("properties")
    members = members if isinstance(members, dict) else {}
    kinds: list[PlannedKind] = [each for each in _READ if each in (notes.get("kind"), _const(members, "type"))]
    kind = kinds[0] if kinds else "track"
    called = _const(members, _NAMES[kind]) or (ANY_NAME if notes and kind in _NAMES else "") if kind in _NAMES else ""
    schema = members.get(payload_name(kind))
    if not isinstance(schema, dict) or (kind in _NAMES and not called):
        return _of_schema(value, name)
    envelope = next(iter(objects_in(value.get("allOf"))), {})
    made = PlannedCall(
        kind,
        called,
        version_or_one(notes.get("version")),
        {key: each for key, each in schema.items() if key != "$id" or not str(each).startswith(_OWN_ID)},
        envelope,
        description=text_or_none(value.get("description")),
    )
    return with_notes(made, notes)


def _const(members: Schema, key: str) -> str | None:
    member = members.get(key)
    return text_or_none(member.get("const")) if isinstance(member, dict) else None


def _of_schema(schema: Schema, name: str) -> PlannedCall:
    title = text_or_none(schema.get("title"))
    return PlannedCall("track", title or name, schema=schema, description=text_or_none(schema.get("description")))


def _message(call: PlannedCall) -> Schema:
    """Return the schema of a whole message."""
    schema = call.schema
    if "$ref" in json.dumps(schema) and "$id" not in schema:  # its references start at itself, not at this file
        schema = {"$id": f"{_OWN_ID}{call.kind}:{quote(call.name)}:{quote(str(call.version))}", **schema}
    members: Schema = {} if call.kind == "common" else {"type": {"const": call.kind}}
    if call.kind in _NAMES and call.name != ANY_NAME:
        members[_NAMES[call.kind]] = {"const": call.name}
    notes = {"kind": call.kind, **({} if call.version == 1 else {"version": call.version}), **notes_of(call)}
    described = {} if call.description is None else {"description": call.description}
    around = {"allOf": [call.envelope]} if call.envelope else {}
    required = list(members)
    content = {**described, "type": "object", "properties": {**members, call.payload_name: schema}}
    return {**content, **({"required": required} if required else {}), **around, NOTES: notes}
