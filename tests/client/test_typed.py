"""What typed events and traits stand for at a call."""

from __future__ import annotations

from pipelines_client.client.typed import traits_of, unpacked
from pipelines_client.plan.events import GroupTraits, TrackEvent


class Upgraded(TrackEvent):
    """An event."""

    plan: str


class Company(GroupTraits):
    """A group."""

    seats: int


def test_a_typed_event_stands_for_name_properties_and_context() -> None:
    """A text or anything else does not."""
    assert unpacked(Upgraded(plan="pro"), None, None) == ("Upgraded", {"plan": "pro"}, None)
    for other in ("Upgraded", 7, None, Upgraded):
        assert unpacked(other, None, None) is None


def test_typed_traits_stand_for_a_dict() -> None:
    """All else is left to upstream's checks."""
    assert traits_of(Company(seats=12)) == {"seats": 12}
    assert traits_of(7) == 7
