"""What holds for the people after any calls, well-formed and not."""

from __future__ import annotations

import json
from copy import deepcopy
from random import Random
from typing import Any

from effect_cases import alias, identify, track
from hypothesis import given, settings
from hypothesis import strategies as st
from random_calls import random_call

from pipelines_client.effects import DataPipelines, Dates, SegmentDestination
from pipelines_client.effects.changes import CHANGES
from pipelines_client.effects.people import INEFFECTIVE, QUESTIONS, Workspace, feed
from pipelines_client.effects.routes.base import Route

NEW_ROUTE = DataPipelines(Dates.UNCHANGED)
RUNS, CALLS = 60, 25


def check_laws(workspace: Workspace) -> None:
    """Check that identifiers are one person's each, that each finds its person, and that the counts add up."""
    profiles = list(workspace.profiles)
    ids = [profile.id for profile in profiles if profile.id is not None]
    emails = [profile.email.lower() for profile in profiles if profile.email is not None]
    assert len(ids) == len(set(ids))
    assert len(emails) == len(set(emails))
    assert len(profiles) == len(workspace) <= workspace.created.total()
    for profile in profiles:
        assert profile.id is not None or profile.email is not None
        assert not profile.is_gone
        assert workspace.find(f"cio_{profile.cio_id}") is profile
        assert profile.unsettled <= QUESTIONS.keys()
        shown = json.loads(json.dumps(profile.as_dict()))
        assert not shown["attributes"].keys() & shown["unknown_attributes"].keys()
        assert set(shown["unknown_attributes"].values()) <= {*QUESTIONS, *CHANGES}
    assert workspace.unsettled.keys() <= QUESTIONS.keys()


def feed_all(route: Route, calls: list[dict[str, Any]], workspace: Workspace | None = None) -> Workspace:
    workspace = workspace or Workspace()
    for number, call in enumerate(calls):
        for outcome in feed(workspace, route, call, 1_795_167_000_000 + number * 60_000):
            assert outcome.ineffective in {"", *INEFFECTIVE}
            assert set(outcome.unsettled) <= QUESTIONS.keys()
            assert outcome.is_created <= (outcome.profile is not None)
    return workspace


def test_the_laws_hold_after_random_calls_of_every_type_by_both_routes() -> None:
    """From seeds, so that each failure can be repeated; calls are left as they were."""
    asked: set[str] = set()
    for seed in range(RUNS):
        random = Random(seed)
        calls = [random_call(random) for _ in range(CALLS)]
        given_calls = deepcopy(calls)
        for route in (SegmentDestination(), DataPipelines(), NEW_ROUTE):
            workspace = feed_all(route, calls)
            lean = feed_all(route, calls, Workspace(keeps_attributes=False))
            try:
                check_laws(workspace)
                check_laws(lean)
            except AssertionError as error:
                raise AssertionError(f"seed {seed} by {route.name}") from error
            assert workspace.created == lean.created
            asked |= workspace.unsettled.keys()
        assert calls == given_calls
    assert {"event_of_unknown", "older_identify", "anonymous_identify", "unknown_call"} <= asked


_NAMES = st.sampled_from(["plan", "seats", "tier"])
_EDITS = st.lists(st.dictionaries(_NAMES, st.integers(0, 3), min_size=1), min_size=2, max_size=5)


@given(_EDITS, st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_in_any_order_an_attribute_has_its_newest_value_or_an_unknown_one(
    edits: list[dict[str, int]], random: Random
) -> None:
    """Never an older value; and in order of time all are known (C16)."""
    calls = [identify(values, timestamp=f"2026-11-20T09:{minute:02}:00Z") for minute, values in enumerate(edits)]
    newest = {name: value for values in edits for name, value in values.items()}
    in_order = feed_all(NEW_ROUTE, calls).find("user-42")
    random.shuffle(calls)
    shuffled = feed_all(NEW_ROUTE, calls).find("user-42")
    assert in_order is not None
    assert shuffled is not None
    shown, mixed = in_order.as_dict(), shuffled.as_dict()
    assert (shown["attributes"], shown["unknown_attributes"]) == (newest, {})
    assert mixed["attributes"].keys() | mixed["unknown_attributes"].keys() == newest.keys()
    assert mixed["attributes"].items() <= newest.items()


_PERSON = st.dictionaries(_NAMES, st.none() | st.sampled_from([1, True, "", "a"]))
_EMAIL = st.none() | st.sampled_from(["kim@example.com", "lee@example.com", "KIM@example.com"])


@given(st.lists(st.tuples(_PERSON, _EMAIL), min_size=3, max_size=3))
@settings(max_examples=100)
def test_merges_are_associative(made: list[tuple[dict[str, Any], str | None]]) -> None:
    """(A + B) + C is A + (B + C): the same attributes are known, with the same values, and the same are not (P4)."""
    people = [
        identify({**traits, **({} if email is None else {"email": email})}, userId=user, timestamp="2026-11-20")
        for user, (traits, email) in zip("abc", made, strict=True)
    ]
    events = [track(userId=user, timestamp="2026-11-20") for user in "abc"]
    left = [alias(userId="a", previousId="b"), alias(userId="a", previousId="c")]
    right = [alias(userId="b", previousId="c"), alias(userId="a", previousId="b")]
    results = []
    for merges in (left, right):
        workspace = feed_all(NEW_ROUTE, [*people, *events, *merges])
        check_laws(workspace)
        (profile,) = workspace.profiles
        shown = profile.as_dict()
        results.append((shown["attributes"], shown["unknown_attributes"], profile.email, profile.events))
    assert results[0] == results[1]


_IDS = st.sampled_from(["u1", "u2", "u3", "kim@example.com", "lee@example.com"])
_STEPS = st.one_of(
    st.builds(lambda user, email: identify({"email": email} if email else {}, userId=user), _IDS, _EMAIL),
    st.builds(lambda user: track(userId=user), _IDS),
    st.builds(lambda user, other: alias(userId=user, previousId=other), _IDS, _IDS),
    st.builds(
        lambda user, name: track(name, userId=user),
        _IDS,
        st.sampled_from(["User Deleted", "User Suppressed", "User Unsuppressed"]),
    ),
)


@given(st.lists(_STEPS, max_size=30))
@settings(max_examples=200)
def test_an_address_is_always_one_persons(calls: list[dict[str, Any]]) -> None:
    """Identify, merge, delete, suppress and back, in any order (P1, P6)."""
    workspace = feed_all(NEW_ROUTE, calls)
    check_laws(workspace)
    seen = {email.lower() for call in calls for email in [call.get("traits", {}).get("email")] if email}
    assert {profile.email.lower() for profile in workspace.profiles if profile.email} <= seen | {
        call["userId"] for call in calls if "@" in call["userId"]
    }
