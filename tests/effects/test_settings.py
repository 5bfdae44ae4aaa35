"""The file of `--route`: what a team has changed in Segment's destination."""

from __future__ import annotations

from typing import Any

import pytest
from effect_cases import AT, AT_S, group, identify, nothing, page, sees, track

from pipelines_client.effects import DestinationSettings, Effect, SegmentDestination, parse_settings
from pipelines_client.errors import SourceError


def effect(values: dict[str, Any], call: dict[str, Any]) -> Effect:
    (found,) = SegmentDestination(parse_settings(values, "route.toml")).effects(call)
    return found


def test_an_empty_file_is_the_destination_as_it_is_delivered() -> None:
    """So that a team writes down only what it has changed."""
    assert parse_settings({}, "route.toml") == DestinationSettings()


@pytest.mark.parametrize(
    ("values", "identified", "tracked"),
    [
        ({}, AT_S, AT_S),
        ({"convert_timestamp": False}, AT, AT),
        ({"identify": {"convert_timestamp": False}}, AT, AT_S),
        ({"convert_timestamp": False, "track": {"convert_timestamp": True}}, AT, AT_S),
    ],
)
def test_dates_are_converted_as_set(values: dict[str, Any], identified: object, tracked: object) -> None:
    """For all actions, or for one."""
    assert effect(values, identify({"at": AT})).sees["attributes"] == {"at": identified}
    assert effect(values, track("E", {"at": AT})).sees["attributes"] == {"at": tracked}


def test_the_time_of_a_call_is_in_seconds_whatever_is_set() -> None:
    """The setting is for attributes only (FACTS R3)."""
    assert effect({"convert_timestamp": False}, identify(timestamp=AT)).sees["at"] == AT_S
    assert effect({"convert_timestamp": False}, group({"createdAt": AT})).sees["created_at"] == AT


def test_a_field_may_come_from_elsewhere_or_from_nowhere() -> None:
    """A path as in the destination's mapping, with or without `$.`."""
    values = {"identify": {"id": "$.traits.account", "email": "", "created_at": "traits.joined"}}
    found = effect(values, identify({"account": "a7", "email": "k@e.co", "joined": AT}))
    attributes = {"account": "a7", "email": "k@e.co", "joined": AT_S, "created_at": AT_S}
    assert found == sees("identify", person={"id": "a7"}, attributes=attributes)
    assert effect({"page": {"url": "name"}}, page(name="Pricing")) == sees("page", name="Pricing", attributes={})
    assert effect({"track": {"name": ""}}, track()) == nothing("required_field")


def test_an_action_may_be_switched_off() -> None:
    """Its calls then leave no trace on the old route."""
    assert effect({"page": {"enabled": False}}, page({"url": "u"})) == nothing("switched_off")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"pages": {}}, "unknown section pages; the sections are identify"),
        ({"page": True}, "page must be a section"),
        ({"page": {"title": "name"}}, "unknown key title; the keys are id"),
        ({"page": {"url": 7}}, "url: write the path of a value"),
        ({"page": {"enabled": "no"}}, "enabled: write true or false"),
        ({"convert_timestamp": 1}, "convert_timestamp: write true or false"),
        ({"merge": {"convert_timestamp": True}}, "unknown key convert_timestamp"),
    ],
)
def test_a_mistake_is_named_with_what_there_is(values: dict[str, Any], words: str) -> None:
    """With the file, the section and the key."""
    with pytest.raises(SourceError, match=r"^route\.toml: ") as raised:
        parse_settings(values, "route.toml")
    assert words in str(raised.value)
