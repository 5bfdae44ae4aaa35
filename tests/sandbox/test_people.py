"""The people of the sandbox's Customer.io, over HTTP."""

from __future__ import annotations

import json
import threading
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from nesting import nested
from random_calls import random_call

from pipelines_client.effects.people import Workspace
from pipelines_client.sandbox import Sandbox, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def get() -> Iterator[Callable[..., tuple[int, Any]]]:
    """Ask an address, and return status and JSON."""
    pool = urllib3.PoolManager(retries=False, timeout=5)

    def ask(address: str) -> tuple[int, Any]:
        answer = pool.request("GET", address, redirect=False)
        return answer.status, json.loads(answer.data or b"null")

    yield ask
    pool.clear()


def identify(user: str, traits: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": user, "traits": traits, **fields}


def test_a_person_is_what_the_calls_leave(sandbox, post, get) -> None:
    """By id, by e-mail address and by cio_id, at the API's path and at the root of its port."""
    api = sandbox.customerio
    post(api, [identify("user-42", {"email": "kim@example.com", "plan": "free"}, timestamp="2026-11-20T09:00:00Z")])
    post(api, [{"type": "track", "userId": "user-42", "event": "Order Completed"}])
    post(api, [identify("user-42", {"plan": "pro"}, timestamp="2026-11-20T09:01:00Z", anonymousId="a1")], strict=True)
    status, person = get(f"{api.url}/people/user-42")
    assert status == 200
    assert (person["id"], person["email"], person["attributes"]) == ("user-42", "kim@example.com", {"plan": "pro"})
    assert (person["events"], person["anonymous_ids"], person["unsettled"]) == (1, ["a1"], [])
    assert person["created_by"] == {"type": "identify", "event": ""}
    for place in (api.url, api.root_url):
        for name in ("kim@example.com", "KIM@example.com", f"cio_{person['cio_id']}", "user%2D42"):
            assert get(f"{place}/people/{name}") == (200, person)


def test_an_id_with_slashes_and_marks_is_found(sandbox, post, get) -> None:
    """Ids come as they are; the path is read as a whole."""
    post(sandbox.customerio, [identify("a/b c?d#ü", {"plan": "pro"})])
    status, person = get(f"{sandbox.customerio.url}/people/a%2Fb%20c%3Fd%23%C3%BC")
    assert (status, person["id"]) == (200, "a/b c?d#ü")


def test_no_one_is_a_404_and_segment_has_no_people(sandbox, post, get) -> None:
    """An anonymous id is not a person (P5)."""
    post(sandbox.customerio, [{"type": "track", "anonymousId": "a1", "event": "Viewed"}])
    status, answer = get(f"{sandbox.customerio.url}/people/a1")
    assert (status, answer["person"]) == (404, None)
    assert get(f"{sandbox.customerio.url}/people")[1]["visitors"] == 1
    assert get(f"{sandbox.segment.url}/people")[0] == 404
    assert get(f"{sandbox.segment.root_url}/people/a1")[0] == 404
    assert sandbox.segment.people.page()["count"] == 0


def test_all_people_come_in_pages_with_their_counts(sandbox, post, get) -> None:
    """In the order in which they were added; who added them, and what is open."""
    post(sandbox.customerio, [identify(f"user-{number}", {}) for number in range(5)])
    post(sandbox.customerio, [{"type": "track", "userId": "user-9", "event": "Request Created"}])
    first = get(f"{sandbox.customerio.url}/people?start=0&limit=4")[1]
    assert ([person["id"] for person in first["people"]], first["next"]) == ([f"user-{n}" for n in range(4)], 4)
    last = get(f"{sandbox.customerio.url}/people?start=4&limit=4")[1]
    assert ([person["id"] for person in last["people"]], last["next"]) == (["user-4", "user-9"], None)
    assert (last["count"], last["unsettled"]) == (6, {"event_of_unknown": 1})
    assert last["created"] == [
        {"type": "identify", "event": "", "people": 5},
        {"type": "track", "event": "Request Created", "people": 1},
    ]
    assert get(f"{sandbox.customerio.url}/people?start=-1&limit=x")[1]["count"] == 6


def test_dates_are_not_known_and_shown_so(sandbox, post, get) -> None:
    """What the workspace has of a date no document says (R7)."""
    post(sandbox.customerio, [identify("user-42", {"ends_at": "2026-12-01", "plan": "pro"})])
    person = get(f"{sandbox.customerio.url}/people/user-42")[1]
    assert (person["attributes"], person["unknown_attributes"]) == ({"plan": "pro"}, {"ends_at": "date"})


def test_what_is_lost_or_changed_on_the_way_is_so_in_the_workspace(post) -> None:
    """A swallowed message adds no one; one for another person is that one's."""
    scenario = Scenario.model_validate(
        {"customerio": {"swallow": [{"message_ids": ["m1"]}], "identity": [{"message_ids": ["m2"]}]}}
    )
    with Sandbox(scenario=scenario) as sandbox:
        post(sandbox.customerio, [identify(f"user-{n}", {}, messageId=f"m{n}") for n in range(4)])
        page = sandbox.customerio.people.page()
        ids = [person["id"] for person in page["people"]]
    assert len(ids) == 3
    assert "user-1" not in ids
    assert "user-2" not in ids
    assert {"user-0", "user-3"} <= set(ids)


def test_a_call_that_the_model_cannot_take_costs_that_call_only(sandbox, post, get, monkeypatch) -> None:
    """It is counted, and the server goes on."""
    apply = Workspace.apply

    def apply_or_fail(self: Workspace, effect: Any, *more: Any) -> Any:
        if effect.sees.get("name") == "Odd":
            raise RecursionError
        return apply(self, effect, *more)

    monkeypatch.setattr(Workspace, "apply", apply_or_fail)
    for name in ("Even", "Odd", "Even"):
        post(sandbox.customerio, [{"type": "track", "userId": "user-42", "event": name}])
    page = get(f"{sandbox.customerio.url}/people")[1]
    assert (page["not_applied"], page["people"][0]["events"]) == (1, 2)


def test_anything_that_is_accepted_can_be_shown(sandbox, post, get) -> None:
    """Nested as deeply as a message may be, of any type, with any text."""
    odd = [nested(250), {"a": [None, True, 1e308]}, "\u2028\x00", "x" * 5000, 2**60]
    post(sandbox.customerio, [identify(f"user-{number}", {"odd": value}) for number, value in enumerate(odd)])
    post(sandbox.customerio, [{"type": "alias", "userId": "user-0", "previousId": "user-1"}])
    post(sandbox.customerio, [{"type": "group", "groupId": 5, "userId": 7, "traits": {"object_type_id": [1]}}])
    page = get(f"{sandbox.customerio.url}/people")[1]
    assert (page["count"], page["not_applied"]) == (len(odd), 0)


def test_random_calls_of_every_type_are_all_taken(sandbox, post, get) -> None:
    """The model takes all that the API accepts; from seeds, so that a failure can be repeated."""
    for start in range(0, 400, 100):
        post(sandbox.customerio, [random_call(Random(seed)) for seed in range(start, start + 100)])
    page = get(f"{sandbox.customerio.url}/people")[1]
    assert sandbox.customerio.count > 200
    assert (page["not_applied"], page["count"] > 0) == (0, True)


def test_asking_while_messages_come_gives_each_person_once(sandbox, get) -> None:
    """Threads that send and one that asks."""
    api = sandbox.customerio

    def send(part: int) -> None:
        for number in range(20):
            body = json.dumps({"batch": [identify(f"user-{part}-{number}", {})]}).encode()
            api.receive("batch", "/v1/batch", {"authorization": "Basic a2V5Og=="}, body)

    threads = [threading.Thread(target=send, args=(part,)) for part in range(3)]
    for thread in threads:
        thread.start()
    counts = [get(f"{api.url}/people?limit=1")[1]["count"] for _ in range(10)]
    for thread in threads:
        thread.join()
    assert counts == sorted(counts)
    page = get(f"{api.url}/people")[1]
    assert page["count"] == len({person["id"] for person in page["people"]}) == 60
