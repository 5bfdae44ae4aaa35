from __future__ import annotations

from typing import Any

import pytest

from pipelines_client.plan.fields import FieldError, Misfit, made
from pipelines_client.plan.model import Conventions, IdConvention, PlannedCall, TrackingPlan


def test_lists_become_tuples_and_tables_become_dataclasses() -> None:
    """A file has only what JSON has."""
    plan = made(
        TrackingPlan,
        {"name": "P", "conventions": {"ids": {"pattern": "^u"}, "money_properties": ["a"]}, "modes": {"x": "off"}},
    )
    assert plan == TrackingPlan(
        "P", conventions=Conventions(ids=IdConvention("^u"), money_properties=("a",)), modes={"x": "off"}
    )


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("No", False), (True, True)])
def test_yes_and_no_are_meant_as_true_and_false(text: object, value: bool) -> None:
    """They are texts in YAML 1.2, and people write them."""
    assert made(PlannedCall, {"backfilled": text}).backfilled is value


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("name", 1, "it is not a text"),
        ("name", None, "it is not a text"),
        ("description", 1, "it is not a text"),
        ("version", True, "it is not a whole number or a text"),
        ("version", 1.0, "it is not a whole number or a text"),
        ("status", "gone", "it is not one of active, deprecated, planned"),
        ("status", [], "it is not one of active, deprecated, planned"),
        ("aliases", "a", "it is not a list"),
        ("schema", [], "it is not a table"),
        ("backfilled", "maybe", "it is not true or false"),
        ("timestamp_required", 1, "it is not true or false"),
        ("colour", 1, "this key is not known here"),
    ],
)
def test_what_does_not_fit_is_named(field: str, value: Any, fault: str) -> None:
    """With the words of the file, not of Python."""
    with pytest.raises(FieldError) as caught:
        made(PlannedCall, {field: value})
    assert caught.value.misfits == [Misfit((field,), fault)]


def test_all_that_does_not_fit_is_named_with_its_place() -> None:
    """At any depth."""
    with pytest.raises(FieldError) as caught:
        made(TrackingPlan, {"name": 1, "conventions": {"ids": {"pattern": 2}}, "modes": {"x": "y"}})
    assert [misfit.path for misfit in caught.value.misfits] == [
        ("name",),
        ("conventions", "ids", "pattern"),
        ("modes", "x"),
    ]
