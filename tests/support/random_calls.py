"""Calls of every type, well-formed and not, from a seed."""

from __future__ import annotations

from random import Random
from typing import Any

DATES = ("2026-11-20", "2026-11-20T09:30:00.5Z", "2026-11-20T09:30+01:00", "2026-02-30")
_TEXTS = (*DATES, "1795167000", "20 Nov 2026", "pro", "", "kim@example.com", "cio_03", "491701234567")
_NUMBERS = (0, 1, -5, 1.5, 2**53 + 1, 12345678901234567891, 1e21)
_IDS = (
    "user-42",
    "user-42",
    "kim@example.com",
    "cio_03000001",
    "kim@localhost",
    42,
    "",
    None,
    "2026-11-20",
    ["u"],
    {},
    True,
)
_EVENTS = (
    *("Order Completed", "Feature Used", "User Deleted", "User Suppressed", "User Unsuppressed", " User Deleted"),
    *("Device Created or Updated", "Device Deleted", "Application Opened", "Application Uninstalled", "Delete Person"),
    *("Relationship Deleted", "Object Deleted", "Report Delivery Event", "Report Content Event", "2026-11-20", 5, None),
)
_SPECIAL = {
    "email": ("kim@example.com", "kim@localhost", "", None, 5, False, ["a", None], {"a": 1}),
    "created_at": ("2026-11-20", 1795167000, "", None, 0, ["2026-11-20"], {}),
    "createdAt": ("2026-11-20", 1795167000000, None),
    "objectId": ("acme", 7, None),
    "object_type_id": ("2", 3, None),
    "objectTypeId": ("2", 1),
    "relationshipAttributes": ({"since": "2026-11-20"}, {}, "x"),
    "objectAttributes": ({"at": "2026-11-20", "objectTypeId": 1}, {}, []),
    "anonymous_id": ("mine",),
    "url": ("https://e.co/a", "", 7, None),
    "deliveryId": ("d1", 5),
    "metric": ("opened", "bounced", "seen"),
    "actionType": ("viewed_content", "other"),
}
_NEEDED = ("objectId", "deliveryId", "metric", "actionType")  # by commands


def random_call(random: Random) -> dict[str, Any]:
    """Return a call: four of five are as clients send them, the others may lack or have anything."""
    is_odd = random.random() < 0.2
    kind = random.choice(("identify", "track", "track", "page", "screen", "group", "alias"))
    call: dict[str, Any] = {"type": kind if not is_odd else random.choice((kind, kind, None, 5, "delete"))}
    ids = _IDS if is_odd else _IDS[:8]
    for name, share in (("userId", 0.8), ("anonymousId", 0.4), ("groupId", 0.9 if kind == "group" else 0.1)):
        if random.random() < share:
            call[name] = random.choice(ids)
    if kind == "alias":
        call["previousId"] = random.choice(ids)
    if kind == "track" or random.random() < 0.05:
        call["event"] = random.choice(_EVENTS)
    if kind in ("page", "screen") and random.random() < 0.8:
        call["name"] = random.choice(("Pricing", "https://e.co/a", "2026-11-20", "", None))
    call["messageId"] = f"m{random.randrange(10**6)}"
    if random.random() < 0.9:
        call["timestamp"] = random.choice((*DATES, "2026-11-20T09:30:00Z", 1795167000, "now", "20 Nov 2026"))
    for name in ("properties", "traits"):
        if random.random() < 0.7:
            call[name] = _payload(random) if not is_odd else random.choice((_payload(random), None, [], "text", 0))
    if random.random() < 0.5:
        device = {"token": random.choice(("tok-1", 5, None)), "type": random.choice(("ios", None))}
        call["context"] = (
            {"device": device, "app": {"version": "3.1"}} if not is_odd else random.choice((None, "x", []))
        )
    return call


def _payload(random: Random) -> dict[str, Any]:
    payload = {random.choice("abcd"): _value(random, 3) for _ in range(random.randrange(4))}
    for name, values in _SPECIAL.items():
        if random.random() < (0.7 if name in _NEEDED else 0.25):
            payload[name] = random.choice(values)
    return payload


def _value(random: Random, levels: int) -> Any:
    share = random.random() if levels else 1.0
    if share < 0.15:
        return {random.choice(("a", "b", "a.b")): _value(random, levels - 1) for _ in range(random.randrange(3))}
    if share < 0.25:
        return [_value(random, levels - 1) for _ in range(random.randrange(3))]
    return random.choice((random.choice(_TEXTS), random.choice(_TEXTS), random.choice(_NUMBERS), True, False, None))
