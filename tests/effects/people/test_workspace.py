"""The rules of the profile model: tables worked out by hand, each with the facts on which it rests."""

from __future__ import annotations

from typing import Any

import pytest
from effect_cases import alias, group, identify, page, track

from pipelines_client.effects import DataPipelines, Dates, SegmentDestination
from pipelines_client.effects.model import Action, Effect
from pipelines_client.effects.people import CallKind, PersonOutcome, Workspace, feed

KIM, LEE = "kim@example.com", "lee@example.com"
NEW_ROUTE = DataPipelines(Dates.UNCHANGED)


def at(minute: int, second: int = 0) -> str:
    return f"2026-11-20T{9 + minute // 60:02}:{minute % 60:02}:{second:02}Z"


def someone(user: str | None = "user-42", minute: int = 0, anonymous: str | None = None, **traits: Any) -> Any:
    """Return an identify of a minute."""
    return identify(traits, userId=user, anonymousId=anonymous, timestamp=at(minute))


def event(user: str | None = "user-42", name: str = "Order Completed", minute: int = 0, **fields: Any) -> Any:
    """Return a track call of a minute."""
    return track(name, userId=user, timestamp=at(minute), **fields)


def after(*calls: dict[str, Any]) -> tuple[Workspace, list[PersonOutcome]]:
    """Return the workspace after these calls by the new route, each received when it happened, and all outcomes."""
    workspace = Workspace()
    return workspace, [outcome for call in calls for outcome in feed(workspace, NEW_ROUTE, call)]


def people(workspace: Workspace) -> list[tuple[str | None, str | None]]:
    return [(profile.id, profile.email) for profile in workspace.profiles]


WHO: dict[str, tuple[list[dict[str, Any]], list[tuple[str | None, str | None]], set[str]]] = {
    "P1: an identify adds a person": ([someone()], [("user-42", None)], set()),
    "P1: the next one is the same person's": ([someone(), someone(email=KIM)], [("user-42", KIM)], set()),
    "P1: ids differ by case, e-mail addresses do not": (
        [someone("u"), someone("U", email=KIM), someone(None, email=KIM.upper())],
        [("u", None), ("U", KIM)],
        set(),
    ),
    "C17: an id in the form of an e-mail address is one": ([someone(KIM, plan="pro")], [(None, KIM)], set()),
    "C17: without the trait, id and address make two people of one": (
        [someone(KIM), someone("user-42")],
        [(None, KIM), ("user-42", None)],
        set(),
    ),
    "P2: an id that is new with the address of a person without id": (
        [someone(KIM), someone("user-42", email=KIM), event("user-42"), event(KIM)],
        [("user-42", KIM)],
        {"email_adopted"},
    ),
    "C17: a cio_id that was not seen adds no one": ([someone("cio_0300"), event("cio_0300")], [], {"no_such_cio_id"}),
    "R8: the address of another person with an id: not applied, no one is added": (
        [someone("user-1", email=KIM), someone("user-2", email=KIM, plan="pro")],
        [("user-1", KIM)],
        {"email_of_another"},
    ),
    "R8: the same for one who is there": (
        [someone("user-1", email=KIM), someone("user-2"), someone("user-2", email=KIM)],
        [("user-1", KIM), ("user-2", None)],
        {"email_of_another"},
    ),
    "P2: it may be merged where the one has no address and the other no id": (
        [someone(KIM), someone("user-2"), someone("user-2", email=KIM)],
        [(None, KIM), ("user-2", None)],
        {"email_of_another", "maybe_merged"},
    ),
    "P3: another address for a person who has one": (
        [someone(email=KIM), someone(email=LEE, minute=1), someone("user-7", email=KIM, minute=2)],
        [("user-42", LEE), ("user-7", KIM)],
        {"email_changed"},
    ),
    "R5: text that is not an address identifies no one beside an id": (
        [someone("user-1", email="n/a"), someone("user-2", email="n/a")],
        [("user-1", None), ("user-2", None)],
        {"odd_email"},
    ),
    "P1: an address under a key in other letters, or in the context, may be the person's or not": (
        [someone(Email=KIM), event(context={"traits": {"email": KIM}})],
        [("user-42", None)],
        {"email_beside"},
    ),
    "C10: beside the trait itself it is no question": (
        [someone(email=KIM, Email=LEE), event(context={"traits": {"email": LEE}})],
        [("user-42", KIM)],
        set(),
    ),
    "P1: letters of any alphabet": (
        [someone(None, email="KIM@GRÜN.example"), someone(None, email="kim@grün.example")],
        [(None, "KIM@GRÜN.example")],
        {"odd_email"},
    ),
    "P8: an event of an id that no one has adds a person": (
        [event(), event(), page(userId="user-43", name="Home")],
        [("user-42", None), ("user-43", None)],
        {"event_of_unknown"},
    ),
    "P8: of an address too": ([event(KIM)], [(None, KIM)], {"event_of_unknown"}),
    "P8: a group call": ([group()], [("user-42", None)], {"object_of_unknown"}),
    "C12: a device": (
        [event(name="Device Created or Updated", context={"device": {"token": "t", "type": "ios"}})],
        [("user-42", None)],
        {"device_of_unknown"},
    ),
    "P5: an anonymous id is not a person": (
        [event(None, anonymousId="a1"), page(userId=None, anonymousId="a1", name="Home")],
        [],
        set(),
    ),
    "C10: nor by an identify": ([someone(None, anonymous="a1")], [], {"anonymous_identify"}),
    "C10: an identify with an address and no id": ([someone(None, email=KIM)], [(None, KIM)], set()),
    "P4: an alias merges two people": (
        [someone("user-41", email=KIM), someone(), alias()],
        [("user-42", KIM)],
        set(),
    ),
    "P4: into a person who must exist": ([someone("user-41"), alias()], [("user-41", None)], {"merge_without_primary"}),
    "P4: of one who does not exist it is nothing": ([someone(), alias()], [("user-42", None)], set()),
    "C15: of an anonymous id it is not known": (
        [event(None, anonymousId="user-41"), someone(), alias()],
        [("user-42", None)],
        {"merge_of_visitor"},
    ),
    "P4: an event of the merged id": (
        [someone("user-41"), someone(), alias(), event("user-41")],
        [("user-42", None), ("user-41", None)],
        {"event_of_unknown"},
    ),
    "P6: a deletion, and a new person with the same id": (
        [someone(email=KIM), event(name="User Deleted"), someone("user-7", email=KIM), someone()],
        [("user-7", KIM), ("user-42", None)],
        set(),
    ),
    "P6: a suppressed person does not come back, by id or by address": (
        [someone(email=KIM), event(name="User Suppressed"), someone(), event(), someone(KIM), someone(None, email=KIM)],
        [],
        set(),
    ),
    "P6: a suppressed address on another id": (
        [someone(email=KIM), event(name="User Suppressed"), someone("user-7", email=KIM)],
        [("user-7", None)],
        {"suppressed_email"},
    ),
    "P6: suppressed by each identifier, and freed by one": (
        [
            someone(email=KIM),
            event(name="User Suppressed"),
            event(KIM, "User Suppressed"),
            event(KIM, "User Unsuppressed"),
            someone(),
        ],
        [("user-42", None)],
        set(),
    ),
    "C15: the anonymous id of one who is gone is not shared": (
        [someone("user-1", anonymous="a1"), event("user-1", "User Deleted"), someone("user-2", anonymous="a1")],
        [("user-2", None)],
        set(),
    ),
    "P6: freed by one identifier, both are free; the person is not back": (
        [someone(email=KIM), event(name="User Suppressed"), event(KIM, "User Unsuppressed"), someone("user-42")],
        [("user-42", None)],
        set(),
    ),
    "C13: an id of 150 bytes is a person's, one of 151 is not": (
        [someone("u" * 150), someone("é" * 75 + "u"), event("u" * 151)],
        [("u" * 150, None)],
        {"id_too_long"},
    ),
    "C13: an event's name of 100 bytes, and of 101": (
        [event(name=f" {'n' * 100} "), event(name="n" * 101)],
        [("user-42", None)],
        {"event_of_unknown", "event_over_limit"},
    ),
    "C12: what may be a command is not known": ([event(name="Delete Person")], [], {"unknown_call"}),
}


@pytest.mark.parametrize("case", WHO)
def test_who_is_there_after_the_calls_and_what_is_unsettled(case: str) -> None:
    """Each person by id and e-mail address, in the order in which they were added."""
    calls, expected, questions = WHO[case]
    workspace, _ = after(*calls)
    assert people(workspace) == expected
    assert set(workspace.unsettled) == questions
    assert len(workspace) == len(expected)


EDITS: dict[str, tuple[list[dict[str, Any]], dict[str, Any], dict[str, str]]] = {
    "C16: the newer edit counts": ([someone(plan="free"), someone(minute=1, plan="pro")], {"plan": "pro"}, {}),
    "C16: an older one does not take it back": (
        [someone(minute=1, plan="pro"), someone(minute=0, plan="free")],
        {"plan": "pro"},
        {},
    ),
    "C16: whether it sets what no newer one has set is not known": (
        [someone(minute=1, plan="pro"), someone(minute=0, plan="free", seats=3)],
        {"plan": "pro"},
        {"seats": "older_identify"},
    ),
    "C16: the same value is the same": (
        [someone(minute=0, seats=3), someone(minute=2, plan="pro"), someone(minute=1, seats=3)],
        {"plan": "pro", "seats": 3},
        {},
    ),
    "C16: a newer edit settles it": (
        [someone(minute=1, plan="pro"), someone(minute=0, seats=3), someone(minute=2, seats=4)],
        {"plan": "pro", "seats": 4},
        {},
    ),
    "C16: of two edits at one time it is not known which counts": (
        [someone(plan="free", seats=3, tier="a"), someone(plan="pro", seats=3)],
        {"seats": 3, "tier": "a"},
        {"plan": "same_time"},
    ),
    "R3: without a timestamp the order of arrival counts": (
        [identify({"plan": "free"}), identify({"plan": "pro"})],
        {"plan": "pro"},
        {},
    ),
    "C16: an older address is not known": (
        [someone(minute=1), someone(minute=0, email=KIM)],
        {},
        {"email": "older_identify"},
    ),
    "C16: an older address does not take back a newer one": (
        [someone(minute=2, email=LEE), someone(minute=1, email=KIM)],
        {},
        {},
    ),
    "C16: newer and older are about the newest edit of all": (
        [someone(minute=2, plan="pro"), someone(minute=0, seats=1), someone(minute=1, tier="a")],
        {"plan": "pro"},
        {"seats": "older_identify", "tier": "older_identify"},
    ),
    "R8: what an identify sets whose address is another's": (
        [someone("user-1", email=KIM), someone(plan="free"), someone(minute=1, email=KIM, plan="pro", seats=3)],
        {},
        {"plan": "email_of_another", "seats": "email_of_another"},
    ),
    "P4: the merged person gives what the other lacks": (
        [someone("user-41", plan="pro", seats=3), someone(minute=1, seats=None, tier="a"), alias()],
        {"plan": "pro", "seats": 3, "tier": "a"},
        {},
    ),
    "P4: whose value stays is not known": (
        [someone("user-41", plan="pro"), someone(plan="free"), alias()],
        {},
        {"plan": "merge_conflict"},
    ),
    "P4: 1 and true are two values": (
        [someone("user-41", plan=1), someone(plan=True), alias()],
        {},
        {"plan": "merge_conflict"},
    ),
    "C13: names of 150 bytes and values of 1000": (
        [someone(**{"n" * 150: 1, "n" * 151: 1, "a": "x" * 1000, "b": "x" * 1001, "c": ["é" * 500]})],
        {"n" * 150: 1, "a": "x" * 1000},
        {"b": "over_limit", "c": "over_limit"},
    ),
    "P1: a trait that is called id": ([someone(id="another", plan="pro")], {"plan": "pro"}, {}),
}


@pytest.mark.parametrize("case", EDITS)
def test_what_a_person_is_like_after_the_calls_and_what_is_not_known(case: str) -> None:
    """Attributes with their values, and those without a value with their question."""
    calls, known, unknown = EDITS[case]
    profile = after(*calls)[0].find("user-42")
    assert profile is not None
    shown = profile.as_dict()
    assert (shown["attributes"], shown["unknown_attributes"]) == (known, unknown)


def test_a_person_has_300_attributes_at_most() -> None:
    """The 301st is left out, and that is open; an attribute that is there can still change (C13)."""
    first: dict[str, Any] = {f"a{number}": number for number in range(300)}
    workspace, _ = after(someone(**first), someone(minute=1, one_more=1), someone(minute=2, a7="x"))
    profile = workspace.find("user-42")
    assert profile is not None
    assert len(profile.attributes) == 300
    assert profile.attributes["a7"].value == "x"
    assert workspace.unsettled == {"over_limit": 1}


def test_an_outcome_says_whom_a_call_was_about_and_why_it_has_no_effect() -> None:
    """The newest edit before it, and which attributes certainly or perhaps stay."""
    workspace, outcomes = after(
        someone("user-1", email=KIM, minute=3),
        someone("user-1", minute=1, plan="pro", seats=2),
        someone("user-1", minute=4, plan="pro"),
        someone("user-1", minute=2, plan="free"),
        someone("user-2", email=KIM),
        event("user-9"),
        event("user-9", "User Suppressed"),
        event("user-9"),
    )
    kim = workspace.find(KIM)
    assert [outcome.ineffective for outcome in outcomes] == [
        *("", "older_identify", "", "older_identify", "email_of_another", "", "", "suppressed"),
    ]
    assert [outcome.is_created for outcome in outcomes] == [True, False, False, False, False, True, False, False]
    assert (outcomes[1].unsure, outcomes[1].stale) == (("plan", "seats"), ())
    assert (outcomes[3].unsure, outcomes[3].stale) == ((), ("plan",))
    assert outcomes[3].edited_ms == outcomes[2].at_ms
    assert outcomes[4].other is outcomes[3].profile is kim
    assert outcomes[6].other is outcomes[5].profile


def test_who_added_a_person_is_counted_by_type_and_event() -> None:
    """Also of people who are gone: they were billed (P7)."""
    workspace, _ = after(
        someone("user-1"), event("user-2"), event("user-2", "User Deleted"), event("user-3", " Feature ")
    )
    assert workspace.created == {
        CallKind("identify"): 1,
        CallKind("track", "Order Completed"): 1,
        CallKind("track", "Feature"): 1,
    }
    assert len(workspace) == 2


def test_an_identify_settles_that_a_person_exists() -> None:
    """Until then it rests on what an event of an unknown id does (P8)."""
    workspace, _ = after(event(), event("user-43"), someone())
    assert [(profile.is_identified, set(profile.unsettled)) for profile in workspace.profiles] == [
        (True, set()),
        (False, {"event_of_unknown"}),
    ]


def test_people_who_were_there_before_are_known_by_each_identifier_and_not_counted_as_added() -> None:
    """From a list of the workspace's people."""
    workspace = Workspace()
    assert workspace.add_existing(person_id="user-1", email=KIM, cio_id="0300")
    assert workspace.add_existing(email=LEE)
    assert not workspace.add_existing(person_id="user-7", email=KIM.upper())
    assert not workspace.add_existing()
    for call in (someone("user-1"), event("cio_0300"), event(KIM), someone("user-2", email=LEE), someone("user-3")):
        feed(workspace, NEW_ROUTE, call)
    assert people(workspace) == [("user-1", KIM), ("user-2", LEE), ("user-3", None)]
    assert workspace.created == {CallKind("identify"): 1}
    assert [profile.is_new for profile in workspace.profiles] == [False, False, True]


def test_a_cio_id_that_the_workspace_gave_names_its_person() -> None:
    """As `cio_…` in a call, or in a search (C17)."""
    workspace, _ = after(someone(plan="free"))
    (profile,) = workspace.profiles
    feed(workspace, NEW_ROUTE, someone(f"cio_{profile.cio_id}", minute=1, plan="pro"))
    assert workspace.find(f"cio_{profile.cio_id}") is profile
    assert profile.attributes["plan"].value == "pro"


DAY_MS = 86_400_000
VISITS: dict[str, tuple[list[tuple[str, int]], int, int, bool]] = {
    "C15: 30 days back": ([("visit", -31 * DAY_MS), ("visit", -29 * DAY_MS), ("identify", 0)], 1, 0, True),
    "C15: up to 5 minutes late": ([("identify", 0), ("visit", 300_000), ("visit", 300_001)], 1, 0, True),
    "C15: two on the day of the limit": (
        [("visit", -30 * DAY_MS - 1), ("visit", -30 * DAY_MS), ("identify", 0)],
        1,
        0,
        True,
    ),
    "C15: more on the day of the limit": (
        [("visit", -30 * DAY_MS - 2), ("visit", -30 * DAY_MS - 1), ("visit", -30 * DAY_MS), ("identify", 0)],
        1,
        1,
        True,
    ),
    "C15: each event once": ([("visit", -1), ("identify", 0), ("identify", 400_000)], 1, 0, True),
    "C15: merging is switched off": ([("visit", -1), ("identify", 0), ("visit", 1)], 0, 0, False),
}


@pytest.mark.parametrize("case", VISITS)
def test_an_identify_takes_over_what_its_anonymous_id_did(case: str) -> None:
    """By the time of arrival; what a day's count cannot tell is counted apart."""
    steps, sure, unsure, merges = VISITS[case]
    workspace = Workspace(merges_visitors=merges)
    noon_ms = 1_795_176_000_000
    for step, moment in steps:
        call = event(None, anonymousId="a1") if step == "visit" else someone(anonymous="a1")
        feed(workspace, NEW_ROUTE, call, noon_ms + moment)
    profile = workspace.find("user-42")
    assert profile is not None
    assert (profile.events, profile.unsure_events, profile.anonymous_ids) == (sure, unsure, ["a1"])
    assert workspace.visitors["a1"].profile is profile


def test_an_anonymous_id_of_two_people_is_open_and_the_events_are_each_once() -> None:
    """A shared device: those since the first identify are the second person's (C15)."""
    workspace, _ = after(
        event(None, anonymousId="a1"),
        someone("user-1", anonymous="a1"),
        event(None, anonymousId="a1", minute=10),
        someone("user-2", anonymous="a1", minute=11),
    )
    assert [profile.events for profile in workspace.profiles] == [1, 1]
    assert set(workspace.unsettled) == {"shared_visitor"}


def test_the_late_events_of_an_anonymous_id_are_those_of_who_is_there() -> None:
    """After a merge the person who is left has them; after a deletion no one has (C15, P4, P6)."""
    late = event(None, anonymousId="a1", minute=2)
    linked = someone("user-41", anonymous="a1")
    workspace, outcomes = after(linked, someone(), alias(timestamp=at(1)), late)
    profile = workspace.find("user-42")
    assert profile is not None
    assert (profile.events, outcomes[-1].profile) == (1, profile)
    assert list(profile.anonymous_ids) == ["a1"]
    _, outcomes = after(linked, event("user-41", "User Deleted"), late)
    assert (outcomes[-1].profile, outcomes[-1].ineffective) == (None, "anonymous")


def test_a_visitors_memory_is_bounded_by_days_and_not_by_events() -> None:
    """A year of events every hour leaves a month of counts."""
    workspace = Workspace()
    effect = Effect(Action.EVENT, {"person": {"anonymous_id": "a1"}, "name": "Viewed"})
    for hour in range(24 * 365):
        workspace.apply(effect, received_ms=hour * 3_600_000)
    assert len(workspace.visitors["a1"].days or ()) == 32


def test_devices_come_and_go() -> None:
    """By token; a merge takes them over (C12)."""

    def device(name: str, token: str, user: str = "user-42") -> dict[str, Any]:
        return event(user, name, context={"device": {"token": token, "type": "ios"}})

    put = "Device Created or Updated"
    workspace, _ = after(someone(), device(put, "t1"), device(put, "t2"), device("Device Deleted", "t1"))
    profile = workspace.find("user-42")
    assert profile is not None
    assert profile.as_dict()["devices"] == [{"token": "t2", "platform": "ios"}]
    workspace, _ = after(someone("user-41"), device(put, "t9", "user-41"), someone(), alias())
    profile = workspace.find("user-42")
    assert profile is not None
    assert list(profile.devices) == ["t9"]


def test_objects_are_counted_because_they_are_billed_with_people() -> None:
    """By type and id, until they are deleted (P7, C11)."""
    gone = event(name="Object Deleted")
    gone["properties"] = {"objectId": "acme"}
    workspace, _ = after(group(), group(), group({"object_type_id": "2"}), group(groupId="b"), gone)
    assert workspace.objects == {("2", "acme"), ("1", "b")}


def test_without_attributes_the_same_people_are_there() -> None:
    """Only e-mail addresses are kept, which decide who is who."""
    calls = [someone("user-41", email=KIM, plan="pro"), someone(plan="free"), alias(), someone(minute=-1, email=LEE)]
    full, lean = Workspace(), Workspace(keeps_attributes=False)
    for call in calls:
        feed(full, NEW_ROUTE, call)
        feed(lean, NEW_ROUTE, call)
    assert people(full) == people(lean)
    assert [len(profile.attributes) for profile in lean.profiles] == [0]
    assert lean.created == full.created


def test_a_line_of_an_archive_has_two_times_and_each_route_goes_by_its_own() -> None:
    """Segment's corrected time orders edits on the old route, the client's on the new one (S7)."""
    lines = [
        {**someone(plan="pro"), "originalTimestamp": at(1), "timestamp": at(5)},
        {**someone(plan="free"), "originalTimestamp": at(2), "timestamp": at(4)},
    ]
    for route, plan in ((SegmentDestination(), "pro"), (NEW_ROUTE, "free")):
        workspace = Workspace()
        for line in lines:
            feed(workspace, route, line)
        profile = workspace.find("user-42")
        assert profile is not None
        assert profile.attributes["plan"].value == plan


def test_the_old_route_feeds_the_same_model() -> None:
    """Its merge deletes the second person, its identify names the e-mail address (R4, R6)."""
    workspace = Workspace()
    for call in (someone("user-41", email=KIM), someone(None, email=LEE), someone(), alias(timestamp=at(1))):
        feed(workspace, SegmentDestination(), call)
    assert people(workspace) == [(None, LEE), ("user-42", KIM)]
