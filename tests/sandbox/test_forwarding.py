"""Segment's own Customer.io destination, as the sandbox has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pipelines_client.effects import Action
from pipelines_client.sandbox import Forwarding, Sandbox


@pytest.fixture
def forwarding_box(clock: Any) -> Iterator[Callable[..., Sandbox]]:
    """Start sandboxes whose Segment forwards."""
    started: list[Sandbox] = []

    def start(*names: str, **more: Any) -> Sandbox:
        box = Sandbox(now=clock, forwarding=Forwarding(*names, **more))
        started.append(box)
        box.start()
        return box

    yield start
    for box in started:
        box.stop()


def test_it_forwards_what_segment_accepts_once_and_rewrites_it(forwarding_box: Any, post: Any, message: Any) -> None:
    """A repeat is dropped by Segment (FACTS S6); dates become Unix seconds (FACTS R2)."""
    box = forwarding_box()
    sent = message("m1", properties={"at": "2026-11-02T09:30:00Z"}, timestamp="2026-11-02T09:00:00Z")
    for _ in range(2):
        assert post(box.segment, [sent]).status == 200
    (one,) = box.forwarding.forwarded
    assert (one.message_id, [effect.action for effect in one.effects]) == ("m1", [Action.EVENT])
    assert one.effects[0].sees["attributes"] == {"at": 1793611800}
    assert post(box.customerio, [sent]).status == 200
    assert box.in_workspace() == {"m1": 2}


@pytest.mark.parametrize("name", ["Actions Customerio", "Customer.io"])
def test_it_obeys_the_integrations_of_message_and_batch_by_its_name(
    forwarding_box: Any, post: Any, message: Any, name: str
) -> None:
    """FACTS S5, S12: all destinations are off unless it is named; another one's name is not its."""
    box = forwarding_box(name)
    for number, (own, top) in enumerate(
        [({}, {}), ({name: False}, {}), ({}, {name: False}), ({"All": False}, {}), ({"All": False, name: True}, {})]
    ):
        body = {"batch": [message(f"m{number}", integrations=own)], "integrations": top, "writeKey": "key"}
        assert post(box.segment, body=body).status == 200
    assert post(box.segment, [message("m9", integrations={"Mixpanel": False})]).status == 200
    assert box.in_workspace() == Counter(["m0", "m4", "m9"])


def test_a_filter_by_the_time_of_receipt_knows_no_other_time(
    forwarding_box: Any, post: Any, message: Any, clock: Any
) -> None:
    """FACTS R9: what was sent before the instant and arrives after it is not forwarded."""
    clock.advance(hours=1)
    box = forwarding_box(before=clock.at)
    clock.advance(hours=-1)
    assert post(box.segment, [message("early", timestamp="2027-01-01T00:00:00Z")]).status == 200
    clock.advance(hours=1)
    assert post(box.segment, [message("late", timestamp="2026-11-02T09:30:00Z")]).status == 200
    assert box.in_workspace() == {"early": 1}


def test_what_the_old_route_takes_no_notice_of_is_not_in_the_workspace(
    forwarding_box: Any, post: Any, message: Any
) -> None:
    """A page without an address has no name there (FACTS R6)."""
    box = forwarding_box()
    assert post(box.segment, [message("m1", type="page", name="Pricing", properties={})]).status == 200
    assert box.in_workspace() == {}


def test_the_people_of_the_workspace_are_as_both_ways_leave_them(forwarding_box: Any, post: Any, message: Any) -> None:
    """One person, whose date came as Unix seconds by the old way (FACTS R2)."""
    box = forwarding_box()
    traits = {"email": "kim@example.com", "trial_ends_at": "2026-11-02T09:30:00Z"}
    assert post(box.segment, [message("m1", type="identify", traits=traits)]).status == 200
    assert post(box.customerio, [message("m2", type="identify", traits={"plan": "pro"})]).status == 200
    assert box.customerio.people.page()["count"] == 1
    attributes = box.customerio.people.person("u1")["attributes"]
    assert (attributes["trial_ends_at"], attributes["plan"]) == (1793611800, "pro")
