"""Makes the six calls in a wanted size, each call with its number in the user's id.

The payloads hold what applications send: text, numbers, a list of items with nested fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

KINDS = ("track", "identify", "page", "screen", "group", "alias")
DATED = "track with dates"
"""A track call with two dates, one of them nested; the time of one is another in each call of an hour."""

SIZES = (300, 700, 5_000, 30_000)
"""About the bytes of the message as upstream spells it; ours has no blanks. Above about 32,000 it is refused."""
USUAL = 700
_ENVELOPE_BYTES = 360  # ids, times, context and the order
_CART_BYTES = 115
_ITEM_BYTES = 85

_ITEM: dict[str, Any] = {"sku": "SKU-10042", "name": "Winter jacket, blue", "quantity": 2, "price": 129.95}
_ORDER: dict[str, Any] = {"order_id": "ord_1001", "total": 42.5, "currency": "EUR"}
_CART: dict[str, Any] = {"coupon": None, "is_gift": False, "shipping": 4.9, "url": "https://shop.example.com/c/84a1"}

Make = Callable[[int], Any]


def payload_of(size: int) -> dict[str, Any]:
    """Return properties for a message of about `size` bytes."""
    items = round((size - _ENVELOPE_BYTES - _CART_BYTES) / _ITEM_BYTES)
    if items < 1:
        return {**_ORDER}
    return {**_ORDER, **_CART, "items": [dict(_ITEM) for _ in range(items)]}


def many_properties(count: int) -> dict[str, Any]:
    """Return so many properties as an application with a tracking plan sends them."""
    usual: dict[str, Any] = {
        **_ORDER,
        **_CART,
        "plan_name": "Pro, yearly",
        "referral_source": "newsletter of November",
        "ordered_at": "2026-11-20T09:30:00Z",
        "items": [dict(_ITEM)],
    }
    kinds: tuple[Any, ...] = ("blue", "Winter jacket with a hood", 3, 129.95, True, None)
    more = {f"attribute_{number}": kinds[number % len(kinds)] for number in range(len(usual), count)}
    return dict([*usual.items(), *more.items()][:count])


def own_of_an_order(n: int) -> dict[str, Any]:
    """Return those of the properties that no two orders share."""
    return {"order_id": f"ord_{n}", "ordered_at": f"2026-11-20T09:{n // 60 % 60:02}:{n % 60:02}Z"}


def make_caller(client: Any, kind: str, size: int) -> Make:
    """Return a function that makes this call on the client, given the call's number."""
    payload = payload_of(size)
    if kind in ("track", DATED):
        return _track(client, payload, is_dated=kind == DATED)
    if kind == "identify":
        return lambda n: client.identify(f"u{n}", payload)
    if kind == "page":
        return lambda n: client.page(f"u{n}", "Shop", "Cart", payload)
    if kind == "screen":
        return lambda n: client.screen(f"u{n}", "Shop", "Cart", payload)
    if kind == "group":
        return lambda n: client.group(f"u{n}", "company-7", payload)
    return lambda n: client.alias(f"before-{n}", f"u{n}", {"page": payload})  # an alias has no payload


def _track(client: Any, payload: dict[str, Any], *, is_dated: bool) -> Make:
    if is_dated:
        return lambda n: client.track(f"u{n}", "Order Completed", {**payload, **_dates(n)})
    return lambda n: client.track(f"u{n}", "Order Completed", payload)


def _dates(n: int) -> dict[str, Any]:
    return {"ordered_at": f"2026-11-20T09:{n // 60 % 60:02}:{n % 60:02}Z", "delivery": {"eta": "2026-12-01"}}
