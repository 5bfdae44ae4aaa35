"""People as a shop has them, and twelve planted breaks: of routes, dates, clocks and ids, with what must be found.

Clean people have numbers that look like instants and are none: of phones, orders, articles, prices, places.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

from effect_cases import group, page, track
from evidence import START, Evidence, Sent

HOSTS = ("web-1", "web-2", "worker-1")
WRONG_HOST = "web-9"
HOUR = timedelta(hours=1)
_BEGAN_S = int(START.timestamp())

Planted = Callable[["Shop", int, str], None]


class Found(NamedTuple):
    """What a break must give: rows of changes as code and path, and rows of findings as class and words in the detail.

    The numbers say how many of either for each person.
    """

    changes: Mapping[tuple[str, str], int] = MappingProxyType({})
    findings: Mapping[tuple[str, str], int] = MappingProxyType({})


class Shop:
    """Evidence of people and the calls about them; `plant` adds breaks to some of them."""

    def __init__(self, evidence: Evidence, people: int) -> None:
        self.evidence, self.people = evidence, people
        self.chance = Random(19)
        self.changes: Counter[tuple[str, str]] = Counter()
        self.findings: Counter[tuple[str, str]] = Counter()
        for number in range(people):
            self._add_person(number)

    def add(self, call: dict[str, Any], writer: str = HOSTS[0]) -> Sent:
        """Add a call a quarter of a second after the last one."""
        sent = self.evidence.add(call, after=len(self.evidence.messages) * timedelta(milliseconds=250))
        sent.writer = f"{writer}-4711-0badcafe"
        sent.library = {"name": "analytics-python", "version": "2.4.0"}
        self._stamp(sent, sent.at)
        return sent

    def stamp(self, sent: Sent, ahead: timedelta) -> None:
        """Let the clock that stamps a call be ahead, or behind."""
        sent.occurred_at = sent.at + ahead
        self._stamp(sent, sent.occurred_at)

    def _stamp(self, sent: Sent, at: Any) -> None:
        archived = sent.sides["segment"]
        assert archived is not None
        archived["originalTimestamp"] = at.replace(microsecond=0).isoformat()

    def _add_person(self, number: int) -> None:
        user, host = f"user-{number}", HOSTS[number % len(HOSTS)]
        visit = f"visit-{number}"
        self.add(
            {"type": "track", "anonymousId": visit, "event": "Product Viewed", "properties": self._product()}, host
        )
        self.add({"type": "identify", "userId": user, "anonymousId": visit, "traits": self.traits(number)}, host)
        self.add({"type": "track", "userId": user, "event": "Order Completed", "properties": self._order(number)}, host)
        for place, each in enumerate(BREAKS.values()):
            if number % each.every == place:
                each.plant(self, number, user)
                self.changes.update(each.found.changes)
                self.findings.update(each.found.findings)

    def traits(self, number: int) -> dict[str, Any]:
        """Return the traits of a person: instants in Unix seconds, and numbers that are none."""
        chance = self.chance
        return {
            "email": f"user-{number}@example.com",
            "first_name": "Kim",
            "plan": chance.choice(("free", "pro", "team")),
            "joined_at": _BEGAN_S - chance.randrange(10**8),
            "last_seen_at": _BEGAN_S + number,
            "active_until": _BEGAN_S + chance.randrange(10**8),
            "phone": chance.choice((f"49170{number:07}", f"1732789{number:06}", f"+49 170 {number:07}")),
            "mobile": 1_732_000_000 + number,
            "fax": 491_701_234_567 + number,
            "postcode": f"{10_000 + number % 90_000}",
            "zip": 10_000 + number % 90_000,
            "customer_number": 1_700_000_000_000 + number,
            "lifetime_value": round(chance.random() * 10_000, 2),
            "first_order": 2_026_112_000 + number,
            "orders_count": chance.randrange(40),
        }

    def _product(self) -> dict[str, Any]:
        return {
            "ean": 4_006_381_333_931,
            "gtin": "4006381333931",
            "price": round(self.chance.random() * 100, 2),
            "sku": f"{self.chance.randrange(10**10):010}",
            "isbn": "978-3-16-148410-0",
        }

    def _order(self, number: int) -> dict[str, Any]:
        return {
            "order_id": 1_732_789_000_000 + number,
            "order_number": f"{1_700_000_000 + number}",
            "invoice": f"2026-{number:05}",
            "reference": f"{20_261_120 + number}",
            "total_cents": 1_600_000_000 + number if number % 500 == 0 else 4_950,
            "shipping": {"tracking": 1_732_789_123_456 + number, "street_no": number % 200, "phone": 2_025_550_123},
            "items": [{"sku": 1_700_000_000 + number, "price": 9.5}],
        }


class Break(NamedTuple):
    """A planted break: for one in how many people, how, and what must be found."""

    every: int
    plant: Planted
    found: Found


def _identify(number: int, user: str, **traits: Any) -> dict[str, Any]:
    del number
    return {"type": "identify", "userId": user, "traits": traits}


def _ahead(shop: Shop, number: int, user: str) -> None:
    wrong = shop.add(_identify(number, user, plan="free", seats=3), WRONG_HOST)
    shop.stamp(wrong, HOUR)
    shop.add(_identify(number, user, plan="pro"), HOSTS[0])


def _late(shop: Shop, number: int, user: str) -> None:
    shop.stamp(shop.add(_identify(number, user, city="Berlin"), HOSTS[1]), -HOUR)


def _hashed(shop: Shop, number: int, user: str) -> None:
    kind = (hashlib.sha256, hashlib.md5, hashlib.sha1)[number % 3]
    text = user if number % 2 else f"{user}@example.com"
    shop.add(track("Newsletter Opened", userId=kind(text.encode()).hexdigest()))


def _plain(made: Callable[[int, str], dict[str, Any]]) -> Planted:
    def plant(shop: Shop, number: int, user: str) -> None:
        shop.add(made(number, user))

    return plant


BREAKS: dict[str, Break] = {
    "a date in a trait": Break(
        20,
        _plain(lambda number, user: _identify(number, user, trial_ends_at="2026-12-01T00:00:00Z")),
        Found({("date_becomes_text", "traits.trial_ends_at"): 1}),
    ),
    "a page named in words": Break(
        25,
        _plain(lambda _, user: page({"url": "https://shop.example/"}, userId=user, name="Start")),
        Found({("name", "name"): 1}),
    ),
    "objectAttributes": Break(
        50,
        _plain(lambda _, user: group({"objectAttributes": {"plan": "pro"}}, userId=user)),
        Found({("attribute_gone", "attributes.plan"): 1, ("attribute_new", "attributes.objectAttributes"): 1}),
    ),
    "milliseconds": Break(
        50,
        _plain(lambda number, user: _identify(number, user, last_active_at=(_BEGAN_S - number) * 1000 + 7)),
        Found({}, {("date_attributes", "traits.last_active_at: Unix milliseconds; such as 13 digits"): 1}),
    ),
    "one attribute in two spellings": Break(
        100,
        _plain(lambda number, user: _identify(number, user, joined_at=f"2026-11-0{1 + number % 9}T09:30:00Z")),
        Found(
            {("date_becomes_text", "traits.joined_at"): 1},
            {
                (
                    "date_attributes",
                    "traits.joined_at: ISO-8601 text, else Unix seconds; such as 9999-99-99T99:99:99Z",
                ): 1
            },
        ),
    ),
    "a host an hour ahead": Break(
        100,
        _ahead,
        Found(
            {("time", "at"): 1},
            {
                ("ineffective_identifies", f"{WRONG_HOST} stamps them in the future, by up to 60 min"): 1,
                ("ineffective_identifies", f"older than edits that {WRONG_HOST} stamped in the future"): 1,
            },
        ),
    ),
    "an edit that comes late": Break(
        125,
        _late,
        Found(
            {("time", "at"): 1},
            {("ineffective_identifies", f"{HOSTS[1]} sends them after a newer edit of the person"): 1},
        ),
    ),
    "one address on two ids": Break(
        125,
        _plain(lambda number, user: _identify(number, f"old-{user}", email=f"{user.upper()}@Example.com")),
        Found({}, {("identity_collisions", "one e-mail address on several ids"): 1}),
    ),
    "an address as an id": Break(
        200,
        _plain(lambda _, user: track("Newsletter Opened", userId=f"{user}@example.com")),
        Found({}, {("identity_collisions", "an e-mail address is an id beside the person's own id"): 1}),
    ),
    "a hashed id": Break(200, _hashed, Found({}, {("identity_collisions", "a hashed id beside the id in clear"): 1})),
    "an id that is never identified": Break(
        200,
        _plain(lambda _, user: track("Newsletter Opened", userId=f"guest-{user}")),
        Found({}, {("loose_ids", "has events, and no identify call"): 1}),
    ),
    "a visitor who never merges": Break(
        250,
        _plain(lambda _, user: track("Newsletter Opened", userId=None, anonymousId=f"other visit of {user}")),
        Found({}, {("loose_ids", "anonymous, and no identify call has it together with a user id"): 1}),
    ),
}
"""Each is of another remainder, so that no person has two of one size."""
