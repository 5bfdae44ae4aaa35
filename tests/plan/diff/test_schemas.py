"""What changes from one schema to another."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from random_plans import PAYLOADS

from pipelines_client.plan.diff.schemas import changes_of
from pipelines_client.plan.model import Schema

TEXT, NUMBER, INTEGER = {"type": "string"}, {"type": "number"}, {"type": "integer"}


def _codes(old: Any, new: Any) -> list[str]:
    """Return the codes of the changes of one property."""
    whole = [{"type": "object", "properties": {"x": schema}} for schema in (old, new)]
    found = list(changes_of(whole[0], whole[1], "Order Completed"))
    assert {change.path.split(".")[0].removesuffix("[]") for change in found} <= {"x"}
    return [change.code for change in found]


@pytest.mark.parametrize(
    ("old", "new", "forth", "back"),
    [
        (TEXT, INTEGER, ["type-changed"], ["type-changed"]),
        (TEXT, {"type": ["string", "null"]}, ["type-widened"], ["type-narrowed"]),
        (INTEGER, NUMBER, ["type-widened"], ["type-narrowed"]),
        ({"type": ["string", "integer"]}, {"type": ["string", "null"]}, ["type-changed"], ["type-changed"]),
        ({}, TEXT, ["type-narrowed"], ["type-widened"]),
        (TEXT, {**TEXT, "enum": ["a"]}, ["values-limited"], ["values-free"]),
        (
            {"enum": ["a", "b"]},
            {"enum": ["a", "c"]},
            ["value-removed", "value-added"],
            ["value-removed", "value-added"],
        ),
        ({"const": 1}, {"enum": [1, True]}, ["value-added"], ["value-removed"]),
        ({**TEXT, "maxLength": 5}, {**TEXT, "maxLength": 4}, ["limit-tightened"], ["limit-loosened"]),
        ({**NUMBER, "minimum": 1}, {**NUMBER, "minimum": 2}, ["limit-tightened"], ["limit-loosened"]),
        (NUMBER, {**NUMBER, "exclusiveMinimum": 0}, ["limit-tightened"], ["limit-loosened"]),
        (TEXT, {**TEXT, "pattern": "^o-"}, ["constraint-added"], ["constraint-removed"]),
        ({**TEXT, "pattern": "^a"}, {**TEXT, "pattern": "^b"}, ["constraint-changed"], ["constraint-changed"]),
        ({**NUMBER, "unit": "USD"}, {**NUMBER, "unit": "EUR"}, ["unit-changed"], ["unit-changed"]),
        (NUMBER, {**NUMBER, "unit": "EUR"}, ["unit-added"], ["unit-removed"]),
        ({"anyOf": [TEXT]}, {"anyOf": [TEXT, NUMBER]}, ["constraint-removed"], ["constraint-changed"]),
        ({"not": TEXT}, {"not": NUMBER}, ["constraint-changed"], ["constraint-changed"]),
        (TEXT, {**TEXT, "description": "New."}, ["note-changed"], ["note-changed"]),
        (TEXT, {**TEXT, "title": "T", "examples": ["a"], "x-owner": "b"}, [], []),
        ({"additionalProperties": True}, {"additionalProperties": False}, ["extras-refused"], ["extras-allowed"]),
        ({"additionalProperties": TEXT}, {"additionalProperties": NUMBER}, ["type-changed"], ["type-changed"]),
        ({}, {"additionalProperties": TEXT}, ["type-narrowed"], ["type-widened"]),
        ({"items": TEXT}, {"items": NUMBER}, ["type-changed"], ["type-changed"]),
        ({"items": [TEXT]}, {"items": [NUMBER]}, ["constraint-changed"], ["constraint-changed"]),
        ({"items": TEXT}, {"items": False}, ["constraint-added"], ["constraint-removed"]),
        (True, False, ["constraint-added"], ["constraint-removed"]),
        ({"const": "a"}, {"const": "a", "enum": ["b"]}, ["value-removed"], ["value-added"]),
        (NUMBER, {**NUMBER, "minimum": 10**400}, ["limit-tightened"], ["limit-loosened"]),
        (TEXT, {**TEXT, "example": "a"}, [], []),
        ({}, {"properties": {"a": TEXT}}, ["property-added"], ["property-removed"]),
        ({}, {"properties": {"a": TEXT}, "required": ["a"]}, ["required-property-added"], ["property-removed"]),
        (
            {"properties": {"a": TEXT}},
            {"properties": {"a": TEXT}, "required": ["a"]},
            ["now-required"],
            ["no-longer-required"],
        ),
    ],
)
def test_each_change_has_its_rule_both_ways(old: Schema, new: Schema, forth: list[str], back: list[str]) -> None:
    """What is tighter one way is looser the other."""
    assert _codes(old, new) == forth
    assert _codes(new, old) == back


def test_a_change_in_an_array_of_objects_says_where() -> None:
    """The path is written as messages are read."""
    old, new = ({"properties": {"items": {"items": {"properties": {"sku": schema}}}}} for schema in (TEXT, NUMBER))
    (change,) = changes_of(old, new, "Order Completed")
    assert (change.path, change.text) == ("items[].sku", "the type is another: string, now number")


def test_what_a_reference_leads_to_is_compared() -> None:
    """Also where it stands in what only a person can judge."""
    old, new = (
        {"definitions": {"d": schema}, "properties": {"a": {"$ref": "#/definitions/d"}}} for schema in (TEXT, NUMBER)
    )
    assert [change.code for change in changes_of(old, new, "E")] == ["type-changed"]
    old, new = (
        {"definitions": {"d": schema}, "properties": {"a": {"not": {"$ref": "#/definitions/d"}}}}
        for schema in (TEXT, NUMBER)
    )
    assert [change.code for change in changes_of(old, new, "E")] == ["constraint-changed"]


@given(PAYLOADS, PAYLOADS)
@settings(suppress_health_check=list(HealthCheck))
def test_any_two_schemas_are_compared_and_a_schema_has_not_changed_from_itself(old: Schema, new: Schema) -> None:
    """Also nonsense."""
    list(changes_of(old, new, "E"))
    assert list(changes_of(old, old, "E")) == []


def test_limits_that_differ_little_are_told_in_full() -> None:
    """A million and a million and one are two numbers in a report."""
    old, new = ({"properties": {"x": {"minimum": limit}}} for limit in (1_000_000, 1_000_001))
    (change,) = changes_of(old, new, "Order Completed")
    assert "1000000, now 1000001" in change.text


def test_a_change_in_a_schema_that_has_itself_in_it_twice_is_found_once() -> None:
    """Following both references each time would never end."""

    def tree(types: Any) -> Schema:
        node = {
            "properties": {"left": {"$ref": "#/definitions/n"}, "right": {"$ref": "#/definitions/n"}, "value": types}
        }
        return {"properties": {"tree": {"$ref": "#/definitions/n"}}, "definitions": {"n": node}}

    found = list(changes_of(tree(NUMBER), tree(TEXT), "Tree Grown"))
    assert [(change.code, change.path) for change in found] == [("type-changed", "tree.value")]


def test_a_change_that_is_reached_in_very_many_ways_is_told_for_some_of_them() -> None:
    """Thirty definitions that each name the next one twice lead to the last one in a thousand million ways."""

    def chain(last: Schema) -> Schema:
        links = {f"n{n}": {"properties": {k: {"$ref": f"#/definitions/n{n + 1}"} for k in "ab"}} for n in range(29)}
        return {"properties": {"x": {"$ref": "#/definitions/n0"}}, "definitions": {**links, "n29": last}}

    found = list(changes_of(chain(NUMBER), chain(TEXT), "Tree Grown"))
    assert {change.code for change in found} == {"type-changed"}
    assert len(found) <= 100


def test_a_change_deeper_than_the_comparison_goes_is_breaking() -> None:
    """What is not looked at is never called compatible."""

    def nested(schema: Schema) -> Schema:
        for _ in range(40):
            schema = {"properties": {"a": schema}}
        return schema

    assert [change.is_breaking for change in changes_of(nested(NUMBER), nested(TEXT), "Tree Grown")] == [True]


def test_the_limits_of_an_old_draft_are_compared_as_they_are_checked() -> None:
    """In draft-04, a word beside the limit says whether the limit itself is allowed."""
    draft = {"$schema": "http://json-schema.org/draft-04/schema#"}
    old, new = ({**draft, "properties": {"x": {"minimum": 1, **word}}} for word in ({}, {"exclusiveMinimum": True}))
    assert [change.is_breaking for change in changes_of(old, new, "Paid")] == [False, True]


@pytest.mark.parametrize(
    ("draft", "ref"),
    [
        ("http://json-schema.org/draft-07/schema#", "#/definitions/none"),
        ("https://json-schema.org/draft/2020-12/schema", "#/definitions/text"),
    ],
)
def test_what_stands_beside_a_reference_is_compared_where_it_is_checked(draft: str, ref: str) -> None:
    """In newer drafts, and where the reference leads nowhere."""
    rest = {"$schema": draft, "definitions": {"text": TEXT}}
    old, new = ({**rest, "properties": {"x": {"$ref": ref, **more}}} for more in ({}, {"maxLength": 3}))
    assert any(change.is_breaking for change in changes_of(old, new, "Paid"))
    assert not list(changes_of(new, new, "Paid"))


def test_a_definition_that_the_items_of_a_tuple_refer_to_is_compared() -> None:
    """The reference is the same, and what it leads to is not."""
    schema = {"properties": {"x": {"items": [{"$ref": "#/definitions/one"}]}}}
    old, new = ({**schema, "definitions": {"one": one}} for one in (TEXT, NUMBER))
    assert [change.is_breaking for change in changes_of(old, new, "Paid")] == [True]
