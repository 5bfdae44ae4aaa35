"""Compiled schemas: one question for many, and the places of faults."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines_client.plan.validators import CompiledSchema, merged, plain_json


def test_faults_have_keyword_and_place() -> None:
    """What is missing or not allowed has the place where it is, or would be."""
    schema = {"required": ["a"], "additionalProperties": False, "properties": {"n": {"items": {"type": "integer"}}}}
    faults = CompiledSchema(schema, "E").faults({"n": [1, "x"], "more": 1})
    assert sorted((each.keyword, each.path) for each in faults) == [
        ("additionalProperties", ("more",)),
        ("required", ("a",)),
        ("type", ("n", 1)),
    ]


@pytest.mark.parametrize(
    ("first", "count"),
    [
        ({"type": "object"}, 1),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}, 1),
        ({"properties": {"$ref": {"type": "string"}}}, 1),
        ({"properties": {"a": {"$ref": "#/definitions/a"}}, "definitions": {"a": {}}}, 2),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema"}, 2),
    ],
)
def test_schemas_that_lead_nowhere_become_one(first: Any, count: int) -> None:
    """Each question costs, and a reference within another schema would lead elsewhere."""
    asked = merged([(first, "E"), ({"required": ["b"]}, "common")])
    assert len(asked) == count
    questions = [CompiledSchema(*each).is_valid for each in asked]
    assert all(question({"b": 1}) for question in questions)
    assert not all(question({}) for question in questions)


def test_a_value_is_judged_as_its_reader_gets_it() -> None:
    """A message in this process may still hold times as objects."""
    from datetime import datetime, timezone

    assert plain_json({"at": datetime(2026, 11, 2, tzinfo=timezone.utc)}) == {"at": "2026-11-02T00:00:00+00:00"}
