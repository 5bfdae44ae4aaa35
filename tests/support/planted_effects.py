"""People whose calls both routes take alike, and twelve planted breaks with the rows that each must give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from effect_cases import AT, group, identify, page, screen, track

PAGE = "https://shop.example/pricing"

Found = tuple[str, str, str, str]
"""Kind of change, path, type and event."""


class Break(NamedTuple):
    """A planted break.

    `spoil` returns the call that stands in for a clean one, for one in `every` people; `rows` are what must be found.
    """

    every: int
    spoil: Callable[[str], dict[str, Any]]
    rows: frozenset[Found]


def _rows(*rows: Found) -> frozenset[Found]:
    return frozenset(rows)


BREAKS: dict[str, Break] = {
    "a date in a trait": Break(
        10,
        lambda user: identify({"trial_ends_at": "2026-12-01T00:00:00Z"}, userId=user),
        _rows(("date_becomes_text", "traits.trial_ends_at", "identify", "")),
    ),
    "a nested date in a property": Break(
        20,
        lambda user: track("Order Completed", {"delivery": {"eta": "2026-12-01"}}, userId=user),
        _rows(("date_becomes_text", "properties.delivery.eta", "track", "Order Completed")),
    ),
    "a page named in words": Break(
        25, lambda user: page({"url": PAGE}, userId=user, name="Pricing"), _rows(("name", "name", "page", ""))
    ),
    "a page without url": Break(
        40, lambda user: page(userId=user, name="Pricing"), _rows(("appears", "action", "page", ""))
    ),
    "a screen without name": Break(50, lambda user: screen(userId=user), _rows(("appears", "action", "screen", ""))),
    "objectAttributes": Break(
        50,
        lambda user: group({"objectAttributes": {"plan": "pro"}}, userId=user),
        _rows(
            ("attribute_gone", "attributes.plan", "group", ""),
            ("attribute_new", "attributes.objectAttributes", "group", ""),
        ),
    ),
    "createdAt": Break(
        100,
        lambda user: identify({"createdAt": 1795167000}, userId=user),
        _rows(
            ("created_at", "traits.created_at", "identify", ""), ("attribute_new", "traits.createdAt", "identify", "")
        ),
    ),
    "an object's type on a person": Break(
        100,
        lambda user: identify({"objectTypeId": "2"}, userId=user),
        _rows(
            ("relationship_of_identify", "relationships", "identify", ""),
            ("attribute_new", "traits.objectTypeId", "identify", ""),
        ),
    ),
    "an e-mail that is none": Break(
        125,
        lambda user: identify({"email": f"{user}@localhost"}, userId=None),
        _rows(("person", "person", "identify", "")),
    ),
    "a command with a space": Break(
        200,
        lambda user: track("User Deleted ", userId=user),
        _rows(("maybe_command", "action", "track", "User Deleted ")),
    ),
    "a device without type": Break(
        200,
        lambda user: track("Device Created or Updated", userId=user, context={"device": {"token": f"tok-{user}"}}),
        _rows(("appears", "action", "track", "Device Created or Updated")),
    ),
    "milliseconds": Break(
        400,
        lambda user: track("Feature Used", userId=user, timestamp="2026-11-20T09:30:00.250Z"),
        _rows(("milliseconds", "at", "track", "")),
    ),
}


def planted_calls(people: int) -> Iterator[dict[str, Any]]:
    """Yield two clean calls for each person, and those that the breaks plant."""
    for number in range(people):
        user = f"user-{number}"
        for index, call in enumerate(_clean(user)):
            yield {**call, "messageId": f"{user}-{index}", "timestamp": AT}
        for name, planted in BREAKS.items():
            if number % planted.every == 0:
                yield {"timestamp": AT, **planted.spoil(user), "messageId": f"{user}-{name}"}


def _clean(user: str) -> tuple[dict[str, Any], ...]:
    traits = {
        "email": f"{user}@example.com",
        "plan": "pro",
        "mrr": 49.5,
        "seen_at": 1795167000,
        "phone": "491701234567",
    }
    order = {"order_id": "20261120", "total": 42.5, "items": [{"sku": "a", "quantity": 2}]}
    return identify(traits, userId=user), track("Order Completed", order, userId=user)
