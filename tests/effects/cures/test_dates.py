"""Dates as Unix seconds: which values change, and that nothing else does."""

from __future__ import annotations

from random import Random
from typing import Any

import orjson
import pytest
from effect_cases import AT, AT_S, alias, group, identify, page, track
from hypothesis import given, settings
from hypothesis import strategies as st
from random_calls import random_call

from pipelines_client.effects import DataPipelines, Dates, SegmentDestination
from pipelines_client.effects.compare import differences
from pipelines_client.effects.cures import Cures, asked_cures, make_cures
from pipelines_client.effects.cures.paths import parse_path
from pipelines_client.effects.dates import seconds_of

DATE, DATE_S = "2026-12-01", 1796083200


def cures(**options: Any) -> Cures:
    made = make_cures(asked_cures({"dates": "unix", **options}))
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"at": AT, "on": DATE}, {"at": AT_S, "on": DATE_S}),
        ({"a": {"b": {"at": AT}}, "n": 1}, {"a": {"b": {"at": AT_S}}, "n": 1}),
        ({"list": [AT, {"at": AT}]}, {"list": [AT, {"at": AT}]}),
        ({"phone": "491701234567", "order": "20261120"}, {"phone": "491701234567", "order": "20261120"}),
        ({"at": AT_S, "text": f"on {DATE}"}, {"at": AT_S, "text": f"on {DATE}"}),
        ({"created_at": "2026-11-20T09:30:00.999+01:00"}, {"created_at": AT_S - 3600}),
    ],
)
def test_what_the_old_route_takes_for_a_date_and_nothing_else(before: Any, after: Any) -> None:
    """In objects at any depth, not in lists (FACTS R2)."""
    assert cures().call(identify(before)) == identify(after)
    assert cures().call(track("E", before)) == track("E", after)
    assert cures().call(page(before)) == page(after)
    assert cures().call(group(before)) == group(after)


@pytest.mark.parametrize(
    "call",
    [
        track("Relationship Deleted", {"objectId": DATE}),
        track("Object Deleted ", {"objectId": DATE}),
        track("Report Delivery Event", {"deliveryId": DATE}),
        alias(previousId=DATE),
        identify({"relationshipAttributes": {"since": DATE}}, timestamp=AT, context={"at": AT}),
        {"type": "track", "userId": DATE, "event": DATE, "properties": DATE},
        {"type": ["track"], "properties": {"at": AT}},
        {"userId": "u", "traits": {"at": AT}},
        track("E", {"at": AT}, traits={"at": AT}) | {"type": "unknown"},
    ],
)
def test_what_is_no_attribute_or_is_not_converted_today_stays(call: dict[str, Any]) -> None:
    """Ids, times of calls, context, and the commands whose dates the old route leaves alone."""
    assert cures().call(call) is call


def test_a_device_and_the_report_of_content_are_converted_as_today() -> None:
    """The old route converts their properties."""
    for event in ("Device Created or Updated", "Report Content Event"):
        assert cures().call(track(event, {"at": AT})) == track(event, {"at": AT_S})


@pytest.mark.parametrize(
    ("options", "converted"),
    [
        ({"dates_include": "traits.a"}, {"a", "a.in"}),
        ({"dates_include": ["traits.*.in"]}, {"a.in", "b.in"}),
        ({"dates_include": "traits.a.in, traits.b"}, {"a.in", "b.in"}),
        ({"dates_exclude": "traits.a"}, {"b.in", 'c."x.y"'}),
        ({"dates_include": "traits.a", "dates_exclude": "traits.a.in"}, set()),
        ({"dates_include": 'traits.c."x.y"'}, {'c."x.y"'}),
        ({"dates_include": "properties"}, set()),
        ({"dates_exclude": "traits"}, set()),
    ],
)
def test_paths_say_what_is_changed_and_what_is_not(options: Any, converted: set[str]) -> None:
    """With all that is below them; what is excluded stays within what is included."""
    traits = {"a": {"in": AT}, "b": {"in": AT}, "c": {"x.y": AT}}
    found = cures(**options).call(identify(traits))["traits"]
    changed = {
        path
        for path, value in (("a.in", found["a"]["in"]), ("b.in", found["b"]["in"]), ('c."x.y"', found["c"]["x.y"]))
        if value == AT_S
    }
    assert changed == converted - {"a"}


def test_a_path_that_is_none_is_refused() -> None:
    """With what to write."""
    assert parse_path('properties."a.b".*') == ("properties", "a.b", "*")
    for text in ("trial_ends_at", "traits..a", "traits.a b", "", 'traits."\\x"', "traits."):
        with pytest.raises(ValueError, match=r"is not a path|is not a JSON text"):
            parse_path(text)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=4)
    | st.sampled_from([AT, DATE, "0001-01-01", "9999-12-31", "2026-02-30T24:00:00", f"{DATE}T", "20261201"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc.\u00e9"), inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES, _VALUES, st.sampled_from(["identify", "track", "page", "screen", "group"]), st.booleans())
@settings(max_examples=150)
def test_only_date_like_values_at_the_asked_paths_change_and_all_other_bytes_stay(
    first: Any, second: Any, kind: str, is_limited: bool
) -> None:
    """The text is that of the same call, serialised once with the numbers in place of the dates."""
    field = "traits" if kind in ("identify", "group") else "properties"
    payload = {"first": first, "second": second}
    call = {"type": kind, "event": "E", "timestamp": AT, "context": {"at": DATE}, field: payload}
    options = {"dates_include": [f"{field}.second"]} if is_limited else {}
    expected = {key: value if is_limited and key == "first" else _converted(value) for key, value in payload.items()}
    body = orjson.dumps(call)
    sent = cures(**options).body(body)
    assert call[field] is payload
    if sent is None:
        assert orjson.dumps(expected) == orjson.dumps(payload)
        return
    assert sent.body == orjson.dumps({**call, field: expected}) != body
    assert sent.payload == orjson.loads(sent.body)[field]
    assert cures(**options).body(sent.body) is None, "it gives the same again for its own result"


def _converted(value: Any) -> Any:
    """Return a value as it should be: written apart from the cure."""
    if isinstance(value, dict):
        return {key: _converted(item) for key, item in value.items()}
    second = seconds_of(value) if isinstance(value, str) else None
    return value if second is None else second


@pytest.mark.parametrize("dates", Dates)
def test_500_calls_differ_between_the_routes_in_no_date_any_more(dates: Dates) -> None:
    """Outside of lists, which the old route leaves alone, and relationships of an identify, which it makes of them."""
    old, new, made = SegmentDestination(), DataPipelines(dates), cures()
    before = after = 0
    for seed in range(500):
        call = random_call(Random(seed))
        before += len(_dates(differences(old.effects(call), new.effects(call))))
        left = _dates(differences(old.effects(call), new.effects(made.call(call))))
        assert not left, f"seed {seed}: {left}"
        after += len(left)
    assert after == 0
    assert before > 0 or dates is Dates.CONVERTED


def _dates(found: Any) -> list[Any]:
    return [each for each in found if each.code in ("date", "date_becomes_text") and "created_at" not in each.path]
