"""The six calls: ids, names, payloads, and the call that comes back."""

from __future__ import annotations

import math
from typing import Any

import pytest
from werkzeug.local import LocalProxy

from pipelines_client import Client


def test_the_returned_call_is_a_copy(client: Client) -> None:
    """What the application does with it, or with what it passed, changes neither."""
    properties = {"items": [{"sku": "a"}], "size": {"w": 1}, "tags": ("x", {"y": 1})}
    context = {"device": {"id": "d"}}
    _, call = client.track("u1", "E", properties, context)
    call["properties"]["items"][0]["sku"] = "b"
    call["properties"]["size"]["w"] = 2
    call["properties"]["tags"][1]["y"] = 2
    call["context"]["device"]["id"] = "e"
    assert properties == {"items": [{"sku": "a"}], "size": {"w": 1}, "tags": ("x", {"y": 1})}
    assert context == {"device": {"id": "d"}}


def test_a_call_without_an_id_where_one_is_needed_is_misuse(client: Client) -> None:
    """An empty or missing id never makes a message of no person."""
    lazy = LocalProxy(lambda: "")
    for misuse in (
        lambda: client.track(math.nan, "E"),
        lambda: client.identify(lazy),
        lambda: client.alias("", "u1"),
        lambda: client.alias("u1", lazy),
        lambda: client.group("u1", ""),
        lambda: client.group("u1", None),
        lambda: client.track(True, "E", anonymous_id="a"),
        lambda: client.track("u1", "E", message_id=math.inf),
    ):
        with pytest.raises(AssertionError, match=r"must have|must be"):
            misuse()


def test_lazy_names_and_ids_are_sent_as_their_text(client: Client, sandbox: Any) -> None:
    """Proxies of Django and werkzeug claim to be a `str` and are of another type."""
    name = LocalProxy(lambda: "Order Completed")
    client.track(LocalProxy(lambda: "user-7"), name, {"plan": name})
    client.page("user-7", name, name)
    assert client.flush(5)
    track, page = sandbox.customerio.accepted
    assert (track["userId"], track["event"], track["properties"]) == ("user-7", "Order Completed", {"plan": name})
    assert (page["name"], page["category"]) == (name, name)


def test_a_group_without_a_person_goes_to_customerio_alone(client: Client, sandbox: Any, ledger: Any) -> None:
    """FACTS C10: Customer.io takes it. Segment would drop it behind a 200 (S3), so that leg skips it, counted."""
    taken, call = client.group(group_id=7.0, traits={"seats": 12}, message_id="g1")
    assert taken
    assert (call["groupId"], call["userId"]) == ("7", None)
    assert client.flush(5)
    client.shutdown()
    assert [call["groupId"] for call in sandbox.customerio.accepted] == ["7"]
    assert not sandbox.segment.accepted
    assert ledger.reasons("g1")["segment"] == "no_person"


def test_objects_that_know_each_other_are_refused_and_counted(client: Client) -> None:
    """A call's time and memory are bounded: it is too large long before all paths are walked."""
    regions: list[dict[str, Any]] = [{} for _ in range(11)]
    for region in regions:
        region.update({str(place): other for place, other in enumerate(regions) if other is not region})
    assert client.track("u1", "E", {"region": regions[0]})[0] is False
    assert client.not_taken == {"too_large": 1}


def test_traits_without_a_form_are_left_out(client: Client) -> None:
    """As upstream does: a null would overwrite what is stored. A property stays, as null."""
    assert client.identify("u1", {"a": 1j, "b": 1, "c": None})[1]["traits"] == {"b": 1, "c": None}
    assert client.track("u1", "E", {"a": 1j, "b": 1})[1]["properties"] == {"a": None, "b": 1}
