"""Plans of other tools with the traps of real ones: small, and ours."""

from __future__ import annotations

import json
from typing import Any

_DRAFT = "http://json-schema.org/draft-07/schema#"


def message(properties: Any, **more: Any) -> dict[str, Any]:
    """Return a schema of a whole message, as Segment writes it."""
    members = {"context": {}, "traits": {}, "properties": properties}
    return {"$schema": _DRAFT, "type": "object", "properties": members, **more}


def rule(key: str | None, schema: Any, kind: str = "TRACK", version: Any = 1, **more: Any) -> dict[str, Any]:
    """Return a rule of Segment's v2."""
    named = {} if key is None else {"key": key}
    return {**named, "type": kind, "version": version, "jsonSchema": schema, **more}


def properties(**types: Any) -> dict[str, Any]:
    """Return the schema of an object with properties of these types."""
    return {"type": "object", "properties": {name: {"type": kind} for name, kind in types.items()}}


DIRTY_RULES: list[dict[str, Any]] = [
    rule("Signed Up", message(properties(total="number"))),
    rule("signed up", message(properties(total="string"))),
    rule("Signed Up ", message({"type": "object"})),
    rule("Signed Up", message(properties(a="string")), version=2),
    rule("Signed Up", message(properties(b="string"))),
    rule("Site", message({"properties": {"site id": {}, "siteId": {}, "site_id": {}, "": {}, "class": {}}})),
    rule("no", message({"properties": {"x": {"type": "datetime", "required": True, "id": "/x", "rank": [1.0, 1]}}})),
    rule("Empty", {"$schema": _DRAFT, "type": "object", "properties": {}, "eventMetadata": {"name": "Empty"}}),
    rule("Bare", {}),
    rule("Direct", {"type": "object", "properties": {"config": {"type": "object"}}, "description": "d"}),
    rule("Odd", message(True, required=["properties"])),
    rule("Draft 4", message({"properties": {"n": {"minimum": 0, "exclusiveMinimum": True}}})),
    rule("Labels", message({"type": "object"}, labels={"owner": "growth", "area": "x"}, description="Some words.\n")),
    rule("No Labels", message({"type": "object"}, labels={})),
    rule("Old", message({"type": "object"}), deprecatedAt="2025-01-01T00:00:00.000Z", createdAt="2024-01-01"),
    rule("Kept", message({"type": "object"}), deprecatedAt="0001-01-01T00:00:00.000Z", unknownMember={"a": [None]}),
    rule("Refs", message({"properties": {"p": {"$ref": "#/definitions/p"}}}, definitions={"p": {"type": "number"}})),
    rule("", message(properties(lost="string"))),
    rule("Strange", message({}), kind="ALIAS"),
    rule("", message({"type": "object", "required": ["path"]}), kind="PAGE"),
    rule("Home", message({"type": "object"}), kind="PAGE"),
    rule(None, message({}, required=["userId"]), kind="IDENTIFY"),
    rule(None, message({}), kind="IDENTIFY", version=2),
    rule(None, message({"type": "object"}), kind="COMMON"),
]  # fmt: skip
"""Spelling variants, a property with two types, names that collide in Python, no descriptions, odd schemas."""

DIRTY_V2 = json.dumps({"id": "tp_1", "name": "Dirty", "rules": DIRTY_RULES, "updatedAt": "2025-01-01"}).encode()

V1 = json.dumps(
    {
        "name": "workspaces/w/tracking-plans/rs_1",
        "display_name": "Old Plan",
        "rules": {
            "events": [
                {
                    "name": "Signed Up",
                    "description": "A new person.",
                    "rules": message(properties(plan="string")),
                    "version": 1,
                },
                {"name": "Signed Up", "rules": message(properties(plan="number")), "version": 2},
            ],
            "global": message({}, required=["userId"]),
            "identify_traits": [{"name": "email", "rules": {"type": "string"}}],
            "group": {"properties": {"traits": {"properties": {"seats": {"type": "integer"}}}}},
            "group_traits": [],
        },
    }
).encode()

IGLU = json.dumps(
    {
        "$schema": "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#",
        "self": {"vendor": "com.acme", "name": "order_completed", "format": "jsonschema", "version": "2-0-1"},
        "description": "An order.",
        "type": "object",
        "properties": {"total": {"type": "number", "minimum": 0}},
        "additionalProperties": False,
    }
).encode()

RUDDER: dict[str, str] = {
    "plan.yaml": """\
version: "rudder/v0.1"
kind: "tp"
metadata: {name: shop}
spec:
  id: shop-plan
  display_name: Shop
  rules:
    - type: event_rule
      id: order_rule
      event: {$ref: "#/events/shop/order", allow_unplanned: false}
      properties:
        - {$ref: "#/properties/shop/method", required: true}
        - {$ref: "#/properties/shop/address"}
        - $ref: "#/properties/shop/cart"
          properties: [{$ref: "#/properties/shop/total", required: true}]
      variants:
        - type: discriminator
          discriminator: "#/properties/shop/method"
          cases:
            - display_name: Card
              match: [card]
              properties: [{$ref: "#/properties/shop/total", required: true}]
          default: [{$ref: "#/properties/shop/note", required: true}]
    - {type: event_rule, id: page_rule, event: {$ref: "#/events/shop/page", allow_unplanned: true}}
""",
    "events.yaml": """\
version: rudder/v0.1
kind: events
metadata: {name: shop}
spec:
  events:
    - {id: order, name: Order Completed, event_type: track, description: An order., category: "#/categories/shop/c"}
    - {id: page, event_type: page}
""",
    "properties.yaml": """\
version: rudder/v0.1
kind: properties
metadata: {name: shop}
spec:
  properties:
    - {id: method, name: method, type: string, propConfig: {enum: [card, cash]}}
    - {id: total, name: total, type: "number,null", description: What was paid.}
    - {id: note, name: note, type: string, propConfig: {maxLength: 10}}
    - {id: cart, name: cart, type: object}
    - {id: address, name: address, type: "#/custom-types/shop/address"}
---
version: rudder/v0.1
kind: custom-types
metadata: {name: shop}
spec:
  types:
    - id: address
      name: Address
      type: object
      properties: [{$ref: "#/properties/shop/note", required: true}, {$ref: "#/properties/shop/address"}]
""",
}

RUDDER_V1: dict[str, str] = {
    "plan.yaml": """\
version: rudder/v1
kind: tracking-plan
metadata: {name: shop}
spec:
  id: shop
  display_name: Shop
  rules:
    - {type: event_rule, id: r, event: "#event:signup", additional_properties: true, properties: [
        {property: "#property:email", required: true}, {property: "#property:tags"}, {property: "#property:scores"}]}
""",
    "catalog.yaml": """\
version: rudder/v1
kind: events
spec: {events: [{id: signup, name: Signup, event_type: track}]}
---
version: rudder/v1
kind: properties
spec:
  properties:
    - {id: email, name: Email, type: "#custom-type:email_string"}
    - {id: tags, name: Tags, type: array, item_type: string}
    - {id: scores, name: Scores, types: [array, "null"], item_types: [integer, number]}
---
version: rudder/v1
kind: custom-types
spec: {types: [{id: email_string, name: EmailString, type: string, config: {format: email, min_length: 5}}]}
""",
}
