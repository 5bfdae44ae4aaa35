"""What is taken out of a call, and how its place is written."""

from __future__ import annotations

import pytest

from pipelines_client.plan.redaction import spelled, without


@pytest.mark.parametrize(
    ("places", "left"),
    [
        ([("properties", "a")], {"properties": {"b": [{"c": 1}, 2, 3]}}),
        ([("properties", "b", 0, "c"), ("properties", "b", 2)], {"properties": {"a": 1, "b": [{}, 2]}}),
        ([("properties", "b"), ("properties", "b", 0)], {"properties": {"a": 1}}),
        ([("properties", "b", 0), ("properties", "b")], {"properties": {"a": 1}}),
    ],
)
def test_what_is_at_the_places_goes_and_the_rest_stays(places: list[tuple[str | int, ...]], left: object) -> None:
    """Also where one place is within another."""
    call = {"properties": {"a": 1, "b": [{"c": 1}, 2, 3]}}
    assert without(call, places) == left
    assert call == {"properties": {"a": 1, "b": [{"c": 1}, 2, 3]}}


@pytest.mark.parametrize(
    "place", [("properties", "x", "y"), ("properties", "a", "y"), ("properties", "b", 7), ("q", "r")]
)
def test_a_place_that_does_not_exist_changes_nothing(place: tuple[str | int, ...]) -> None:
    """The same object comes back."""
    call = {"properties": {"a": 1, "b": [1]}}
    assert without(call, [place]) is call


def test_only_known_names_are_written() -> None:
    """Another name may be a value."""
    assert spelled(("properties", "items", 3, "sku"), {"items"}) == "properties.items[].*"
