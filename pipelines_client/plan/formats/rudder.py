"""RudderStack's data catalog: `rudder/v0.1` and `rudder/v1` YAML, a tracking plan with the files that it refers to.

A custom type becomes a definition; a variant becomes a condition: if the discriminator has one of the values, then the
properties of that case hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pipelines_client.errors import PlanError
from pipelines_client.plan.formats.base import PlanFile, PlanFormat, objects_in, plan_of, text_or_none, values_in
from pipelines_client.plan.model import ANY_NAME, PlannedCall, PlannedKind, Schema, TrackingPlan
from pipelines_client.plan.schemas import TYPES
from pipelines_client.plan.text import Parsed

_PLANS: Final = ("tp", "tracking-plan")
_LISTS: Final[Mapping[str, str]] = {
    "events": "events", "properties": "properties", "custom-types": "types", "categories": "categories",
}  # fmt: skip
_SINGULAR: Final = {
    "event": "events",
    "property": "properties",
    "custom-type": "custom-types",
    "category": "categories",
}
_KINDS: Final[Mapping[str, PlannedKind]] = {
    "track": "track", "identify": "identify", "group": "group", "page": "page", "screen": "screen",
}  # fmt: skip
_OLD_REF = re.compile(r"#/([a-z-]+)/(?:[^/]+/)?([^/]+)")
_NEW_REF = re.compile(r"#([a-z-]+):(.+)")
_MOST_DEEP: Final = 16


class RudderFormat(PlanFormat):
    """A folder of YAML files: one tracking plan, its events, properties and custom types."""

    name = "rudderstack"
    title = "RudderStack data catalog, a folder of YAML"

    def recognises(self, files: Sequence[PlanFile]) -> bool:
        """Return whether a file says that it is RudderStack's."""
        return any(_is_of_rudder(value) for value in values_in(files))

    def read(self, files: Sequence[PlanFile]) -> TrackingPlan:
        """Return the plan; each reference must lead to one of the files."""
        documents = [each for file in files for each in file.documents if _is_of_rudder(each.value)]
        plans = [each for each in documents if each.value.get("kind") in _PLANS]
        if len(plans) != 1:
            name = files[0].name if files else "the folder"
            cure = "pass the folder of one plan with its events, properties and custom types"
            raise PlanError(f"{name}: there are {len(plans):,} tracking plans of RudderStack; {cure}")
        return _Catalog(documents).plan(plans[0])


def _is_of_rudder(value: Any) -> bool:
    is_known = isinstance(value, dict) and str(value.get("version")).startswith("rudder/")
    return is_known and isinstance(value.get("spec"), dict)


class _Catalog:
    """What the files define, by kind and id."""

    def __init__(self, documents: list[Parsed]) -> None:
        self._found: dict[tuple[str, str], dict[str, Any]] = {}
        for document in documents:
            kind = str(document.value.get("kind"))
            for each in objects_in(document.value["spec"].get(_LISTS.get(kind, ""))):
                self._found.setdefault((kind, str(each.get("id"))), each)

    def plan(self, document: Parsed) -> TrackingPlan:
        """Return the plan of a document whose references lead into the catalog."""
        spec = document.value["spec"]
        kept = {key: value for key, value in spec.items() if key != "rules"}
        calls = [
            _Rule(self, document, number, rule).call() for number, rule in enumerate(objects_in(spec.get("rules")))
        ]
        return plan_of(
            calls,
            name=text_or_none(spec.get("display_name")) or "",
            description=text_or_none(spec.get("description")),
            extras={RudderFormat.name: {**kept, "metadata": document.value.get("metadata")}},
        )

    def get(self, ref: Any) -> tuple[str, dict[str, Any]] | None:
        """Return the id and the definition that a reference of either version leads to, or None."""
        ref = ref.get("$ref") if isinstance(ref, dict) else ref
        text = ref if isinstance(ref, str) else ""
        match = _OLD_REF.fullmatch(text) or _NEW_REF.fullmatch(text)
        if match is None:
            return None
        kind = _SINGULAR.get(match[1], match[1])
        found = self._found.get((kind, match[2]))
        return None if found is None else (match[2], found)


class _Rule:
    """One rule of a plan, and the definitions that its schema needs."""

    def __init__(self, catalog: _Catalog, document: Parsed, number: int, rule: dict[str, Any]) -> None:
        self._catalog, self._document, self._rule = catalog, document, rule
        self._path = ("spec", "rules", number)
        self._definitions: Schema = {}

    def call(self) -> PlannedCall:
        """Return the call that the rule plans."""
        event = self._rule.get("event")
        found = self._defined(event, "event")
        kind = _KINDS.get(str(found.get("event_type")), "track")
        name = text_or_none(found.get("name")) or ""
        options = {**self._rule, **(event if isinstance(event, dict) else {})}
        schema = self._object(self._rule)
        if not (options.get("allow_unplanned") or options.get("additional_properties")):
            schema["additionalProperties"] = False
        if self._definitions:
            schema["definitions"] = self._definitions
        return PlannedCall(
            kind,
            (name or ANY_NAME if kind in ("page", "screen") else name) if kind in ("track", "page", "screen") else "",
            schema=schema,
            description=text_or_none(found.get("description")),
            extras={RudderFormat.name: {"event": found, "rule": self._rule}},
        )

    def _defined(self, ref: Any, key: str) -> dict[str, Any]:
        found = self._catalog.get(ref)
        if found is None:
            cure = "correct the reference, or pass the folder that has the file with it too"
            raise self._document.error((*self._path, key), "this reference leads nowhere", cure)
        return found[1]

    def _object(self, holder: Mapping[str, Any], depth: int = 0) -> Schema:
        """Return the schema of the properties of a rule, of a custom type or within a property."""
        properties, required = self._properties(holder.get("properties"), depth)
        schema: Schema = {"type": "object", "properties": properties}
        if required:
            schema["required"] = required
        conditions = [
            condition
            for variant in objects_in(holder.get("variants"))
            for condition in self._variant(variant, properties)
        ]
        if conditions:
            schema["allOf"] = conditions
        return schema

    def _properties(self, refs: Any, depth: int) -> tuple[Schema, list[str]]:
        properties: Schema = {}
        required: list[str] = []
        for each in objects_in(refs):
            ref = each.get("$ref", each.get("property"))
            defined = self._defined(ref, "properties")
            name = text_or_none(defined.get("name")) or str(defined.get("id"))
            properties[name] = self._property(defined, each, depth)
            if each.get("required") is True and name not in required:
                required.append(name)
        return properties, required

    def _property(self, defined: dict[str, Any], use: dict[str, Any], depth: int) -> Schema:
        described = {key: defined[key] for key in ("description",) if text_or_none(defined.get(key))}
        inner = self._object(use, depth + 1) if "properties" in use and depth < _MOST_DEEP else {}
        inner.pop("type", None)
        additional = use.get("additional_properties", use.get("additionalProperties"))
        if isinstance(additional, bool):
            inner["additionalProperties"] = additional
        return {**described, **self._typed(defined, depth), **inner}

    def _typed(self, defined: dict[str, Any], depth: int) -> Schema:
        """Return what the type and the configuration of a property or custom type say."""
        config = defined.get("config", defined.get("propConfig"))
        config = dict(config) if isinstance(config, dict) else {}
        items = [defined.get("item_types"), defined.get("item_type"), *(config.pop(key, None) for key in _ITEM_KEYS)]
        schema = self._types(defined.get("types", defined.get("type")), depth)
        of_items = next((each for each in items if each), None)
        if of_items is not None:
            schema["items"] = self._types(of_items, depth)
        return {**schema, **{_camel(key): value for key, value in config.items()}}

    def _types(self, types: Any, depth: int) -> Schema:
        listed = types if isinstance(types, list) else str(types or "").split(",")
        words = [word for word in (str(each).strip() for each in listed) if word]
        customs = [self._custom(word, depth) for word in words if word.startswith("#")]
        if customs:
            return {"$ref": customs[0]} if len(words) == 1 else {"anyOf": [{"$ref": each} for each in customs]}
        known = [word for word in words if word in TYPES]
        return {"type": known[0] if len(known) == 1 else known} if known else {}

    def _custom(self, ref: str, depth: int) -> str:
        """Define a custom type once, and return the reference to it; one that has itself within it ends there."""
        defined = self._defined(ref, "properties")
        name = text_or_none(defined.get("name")) or ref
        if name not in self._definitions and depth < _MOST_DEEP:
            self._definitions[name] = {}
            described = {key: defined[key] for key in ("description",) if text_or_none(defined.get(key))}
            is_object = bool(defined.get("properties") or defined.get("variants"))
            inner = self._object(defined, depth + 1) if is_object else {}
            self._definitions[name] = {**described, **self._typed(defined, depth + 1), **inner}
        return f"#/definitions/{name.replace('~', '~0').replace('/', '~1')}"

    def _variant(self, variant: dict[str, Any], above: Schema) -> Iterator[Schema]:
        """Yield a condition for each case; properties of a case are planned for the object around it too."""
        defined = self._defined(variant.get("discriminator"), "variants")
        name = text_or_none(defined.get("name")) or str(defined.get("id"))
        all_matches: list[Any] = []
        for case in objects_in(variant.get("cases")):
            match = case.get("match")
            matches = match if isinstance(match, list) else [match]
            all_matches += matches
            yield {"if": _has(name, matches), "then": self._case(case.get("properties"), above), **_titled(case)}
        default = variant.get("default")
        refs = default.get("properties") if isinstance(default, dict) else default
        if refs:
            other = {"properties": {name: {"not": {"enum": all_matches}}}, "required": [name]}
            yield {"if": other, "then": self._case(refs, above)}

    def _case(self, refs: Any, above: Schema) -> Schema:
        properties, required = self._properties(refs, 1)
        for name, schema in properties.items():
            above.setdefault(name, schema)
        return {"properties": properties, **({"required": required} if required else {})}


_ITEM_KEYS: Final = ("itemTypes", "item_types", "itemType", "item_type")


def _has(name: str, values: list[Any]) -> Schema:
    return {"properties": {name: {"enum": values}}, "required": [name]}


def _titled(case: dict[str, Any]) -> Schema:
    kept = {"title": case.get("display_name"), "description": case.get("description")}
    return {key: value for key, value in kept.items() if text_or_none(value)}


def _camel(key: str) -> str:
    head, *rest = key.split("_")
    return head + "".join(part.capitalize() for part in rest)
