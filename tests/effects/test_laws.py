"""What holds for every call, well-formed and not."""

from __future__ import annotations

import json
from copy import deepcopy
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from random_calls import random_call

from pipelines_client.effects import Action, DataPipelines, Dates, Effect, SegmentDestination, Unknown
from pipelines_client.effects.changes import CHANGES, REASONS
from pipelines_client.effects.compare import differences
from pipelines_client.effects.dates import seconds_of
from pipelines_client.effects.tally import masked

CALLS = 500
_IDLE = (Action.NOTHING, Action.UNKNOWN)


def check_laws(call: dict[str, Any]) -> None:
    """Check that both routes are total and pure, and that there is a difference just where the routes differ."""
    given = deepcopy(call)
    old, new = SegmentDestination(), {dates: DataPipelines(dates) for dates in Dates}
    today = old.effects(call)
    then = {dates: route.effects(call) for dates, route in new.items()}
    assert call == given
    assert old.effects(call) == today
    assert {dates: route.effects(call) for dates, route in new.items()} == then
    for effects in (today, *then.values()):
        assert effects
        assert all((each.why in {**CHANGES, **REASONS}) == (each.action in _IDLE) for each in effects)
    for found in then.values():
        changes = differences(today, found)
        assert all(each.code in CHANGES and masked(each.today) and masked(each.then) for each in changes)
        assert bool(changes) or _shared(today) == _shared(found)
    assert _has(today, _is_unknown) or {each.code for each in differences(today, today)} <= {"odd_time"}
    if not _has(call, lambda value: isinstance(value, str) and seconds_of(value) is not None):
        assert then[Dates.UNKNOWN] == then[Dates.UNCHANGED] == then[Dates.CONVERTED]


def _has(value: Any, test: Any) -> bool:
    """Return whether a test holds for any value within a value."""
    value = value.sees if isinstance(value, Effect) else value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return test(value) or any(_has(item, test) for item in inner)


def _is_unknown(value: Any) -> bool:
    return isinstance(value, Unknown)


def _shared(effects: tuple[Effect, ...]) -> list[str]:
    """Return what the effects do, in a form that both routes share: without times and empty attributes."""
    kept = [each for each in effects if each.action is not Action.NOTHING]
    seen = [
        [each.action, {name: part for name, part in each.sees.items() if name != "at" and part != {}}] for each in kept
    ]
    return [json.dumps(each, sort_keys=True) for each in seen]


def test_the_laws_hold_for_500_calls_of_every_type() -> None:
    """From seeds, so that each failure can be repeated."""
    done = set()
    for seed in range(CALLS):
        call = random_call(Random(seed))
        try:
            check_laws(call)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {call}") from error
        done |= {effect.action for effect in SegmentDestination().effects(call)}
    assert done == set(Action) - {Action.UNKNOWN}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just("2026-11-20"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(["userId", "event", "properties", "traits", "timestamp"]), _VALUES), st.data())
@settings(max_examples=40)
def test_the_laws_hold_for_values_that_no_one_would_send(call: dict[str, Any], data: st.DataObject) -> None:
    """NaN, infinity and any Unicode included; a failure is shrunk to the smallest call."""
    check_laws({**call, "type": data.draw(st.sampled_from(["identify", "track", "group"])), "groupId": "acme"})
