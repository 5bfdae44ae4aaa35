"""How many people the calls add, by kind of call; and the same calls through a client to the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from effect_cases import group, identify, page, track

from pipelines_client.effects import examine
from pipelines_client.effects.forecast import ExistingPerson, Forecast, ForecastRow, PeopleForecast
from pipelines_client.effects.render import RENDERINGS
from pipelines_client.effects.routes.data_pipelines import DataPipelines
from pipelines_client.evidence.calls import FoundCall, calls_in

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines_client.sandbox import Sandbox

KIM, LEE = "kim@example.com", "lee@example.com"
FEW = [
    identify({"email": KIM}, userId="user-1"),
    identify(userId="user-2"),
    track("Request Created", userId="user-3"),
    track("Request Created", userId="user-4"),
    page(userId="user-5", name="Home"),
    identify(userId="user-4"),
    track("User Deleted", userId="user-2"),
    track(userId=None, anonymousId="a1"),
    identify(userId="user-1", anonymousId="a2"),
    group(userId="user-1"),
]


def forecast(calls: Iterable[dict[str, Any]], existing: list[ExistingPerson] | None = None) -> PeopleForecast:
    found = examine((FoundCall("calls.json:1", call) for call in calls), existing=existing).forecast
    assert found is not None
    return found


def test_people_are_counted_by_the_call_that_adds_them() -> None:
    """Those who are gone are billed too; those whom no identify is about exist perhaps (P7, P8)."""
    found = forecast(FEW)
    assert found.rows == (
        ForecastRow("identify", "", created=2, people=1, without_email=0, perhaps=0),
        ForecastRow("track", "Request Created", created=2, people=2, without_email=2, perhaps=1),
        ForecastRow("page", "", created=1, people=1, without_email=1, perhaps=1),
    )
    assert (found.created, found.people, found.without_email, found.perhaps) == (5, 4, 3, 2)
    assert (found.existing, found.visitors, found.objects, found.is_cut) == (None, 1, 1, False)
    assert [(row.code, row.calls) for row in found.unsettled] == [("event_of_unknown", 3)]


def test_people_who_are_there_already_are_not_new() -> None:
    """By any of their identifiers; a list says how many were given."""
    found = forecast(
        FEW, [ExistingPerson("user-1", LEE), ExistingPerson(id="user-3"), ExistingPerson(email="x@y.example")]
    )
    assert (found.created, found.people, found.existing) == (3, 2, 3)
    assert forecast([identify({"email": KIM})], [ExistingPerson(email=KIM)]).created == 0


def test_beyond_the_limit_the_numbers_are_too_small_and_say_so() -> None:
    """Memory is bounded by a limit, for any archive."""
    counting = Forecast(most=100)
    for number in range(300):
        call = track(userId=f"user-{number}")
        counting.add(call, DataPipelines().effects(call))
    found = counting.result()
    assert (found.created, found.is_cut) == (100, True)


def test_each_rendering_names_the_bill_and_what_is_not_known() -> None:
    """Names from outside break no line and no table."""
    calls = [*FEW, track("Evil|`E`\n\x1b[31m", userId="user-9")]
    report = examine(FoundCall("calls.json:1", call) for call in calls)
    text, marked = RENDERINGS["text"](report), RENDERINGS["markdown"](report)
    for said in (text, marked):
        assert "People whom the Customer.io leg adds; profiles are billed" in said
        assert "6 people are added (FACTS P7)" in said
        assert "4 have no e-mail address at the end" in said
        assert "pass --existing FILE" in said
        assert "not known in 4 calls: whether an event with an unknown id adds a person" in said
        assert "\x1b" not in said
    assert "            2          2          2          1  track `Request Created`" in text.splitlines()
    assert "| 2 | 2 | 2 | 1 | track 'Request Created' |" in marked.splitlines()


def story(people: int, seed: int) -> list[tuple[str, dict[str, Any]]]:
    """Return method names and arguments of a client, as an application with visitors and leads calls it."""
    random = Random(seed)
    calls: list[tuple[str, dict[str, Any]]] = []
    for number in range(people):
        user, email = f"user-{number}", f"kim-{number % (people - 5)}@example.com"
        steps: list[list[tuple[str, dict[str, Any]]]] = [
            [("track", {"anonymous_id": f"a{number}", "event": "Viewed"})],
            [("identify", {"user_id": user, "traits": {"email": email}, "anonymous_id": f"a{number}"})],
            [("identify", {"user_id": email}), ("identify", {"user_id": user, "traits": {"email": email.upper()}})],
            [("track", {"user_id": user, "event": "Request Created"})],
            [("page", {"user_id": user, "name": "Home"}), ("group", {"user_id": user, "group_id": f"g{number % 3}"})],
            [("identify", {"user_id": user}), ("alias", {"previous_id": f"user-{number - 1}", "user_id": user})],
            [("identify", {"user_id": user, "traits": {"email": "n/a"}})],
        ]
        for step in random.sample(steps, 3):
            calls += step
        if number % 11 == 0:
            calls.append(("track", {"user_id": user, "event": random.choice(["User Deleted", "User Suppressed"])}))
    return calls


@pytest.mark.parametrize("seed", [1, 2])
def test_the_forecast_equals_the_sandboxs_people_after_the_same_calls(
    seed: int, make_client: Callable[..., Any], sandbox: Sandbox, tmp_path: Path
) -> None:
    """Through a client, HTTP and both APIs: count by count, by kind of call, and each person's e-mail address."""
    client = make_client(allow_commands=["User Deleted", "User Suppressed"])
    calls = story(80, seed)
    for method, arguments in calls:
        assert getattr(client, method)(**arguments)[0]
    client.flush(timeout=20)
    assert sandbox.customerio.wait_for(len(calls))
    assert sandbox.segment.wait_for(len(calls))
    sandbox.export(tmp_path / "out")
    found = examine(calls_in([str(tmp_path / "out" / "segment")])).forecast
    assert found is not None
    page = sandbox.customerio.people.page()
    assert {(row.type, row.event): row.created for row in found.rows} == {
        (row["type"], row["event"]): row["people"] for row in page["created"]
    }
    assert (found.people, found.visitors, found.objects) == (page["count"], page["visitors"], page["objects"])
    assert found.without_email == sum(person["email"] is None for person in page["people"])
    assert found.perhaps == sum(not person["is_identified"] for person in page["people"])
    assert {row.code: row.calls for row in found.unsettled} == {
        code: count for code, count in page["unsettled"].items() if code != "merge_conflict"
    }
    assert page["not_applied"] == 0
