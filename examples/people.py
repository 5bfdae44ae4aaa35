"""Made-up people who go through `journeys`: the same seed gives the same people, days and orders.

Every second person uses the SaaS product; the others shop. A person depends only on the seed and their number.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from journeys import Account, Cart, Customer, Item, SaasEvents, ShopEvents

FIRST_NAMES = ("Ann", "Zoë", "Łukasz", "Chidi", "Priya", "Mateo", "Yuki", "Fatima", "Jörg", "美咲")
LAST_NAMES = ("Okafor", "Müller", "Nowak", "O'Brien", "Rossi", "Haddad", "Sato", "Da Silva", "Ivanović")
COMPANIES = ("Northwind", "Globex", "Müller & Söhne", "Initech", "Umbrella Coffee", "Hooli")
FEATURES = ("report_export", "board", "search", "api_token", "calendar_sync")
REASONS = ("too_expensive", "missing_feature", "switched", "project_ended")
GOODS = (
    Item("BEAN-1", "House beans 1 kg", Decimal("24.90")),
    Item("BEAN-2", "Décaf 500 g", Decimal("14.50")),
    Item("MUG-3", "Mug “Guten Morgen”", Decimal("12.00")),
    Item("KETTLE-9", "Gooseneck kettle", Decimal("79.99")),
    Item("FILTER-5", "Paper filters, 100", Decimal("6.45")),
)
LONGEST = timedelta(days=14)


@dataclass
class Days:
    """One person's calendar, which only moves forward."""

    rng: Random
    at: datetime

    def later(self, hours: float) -> datetime:
        """Move forward by about `hours`, to the millisecond; return the new time."""
        self.at += timedelta(milliseconds=round(hours * 3_600_000 * self.rng.uniform(0.5, 1.5)))
        return self.at

    def perhaps(self, share: float) -> bool:
        """Return True with the probability `share`."""
        return self.rng.random() < share


def live(people: int, *, seed: int, until: datetime) -> Iterator[int]:
    """Send the journeys of people, one after the other, in the two weeks before `until`; yield how many are done.

    Args:
        people: The number of people.
        seed: The same seed gives the same people.
        until: An aware instant; nothing happens after it.
    """
    for number in range(people):
        rng = Random(f"{seed}:{number}")  # noqa: S311 - people are made up, not secret
        days = Days(rng, until - LONGEST + timedelta(seconds=rng.randrange(7 * 24 * 3600)))
        if number % 2:
            _shop(number, rng, days)
        else:
            _use(number, rng, days)
        yield number + 1


def _use(number: int, rng: Random, days: Days) -> None:
    """Sign up, look around, perhaps pay, perhaps leave."""
    events = SaasEvents()
    account = _account(number, rng, days)
    for name, path in (("Pricing", "/pricing"), ("Docs", "/docs/quick-start"))[: rng.randrange(3)]:
        events.on_page_viewed(account.anonymous_id, name, path, at=account.created_at - timedelta(minutes=5))
    source, method = rng.choice(["organic", "ads", "referral"]), rng.choice(["password", "google"])
    events.on_signup(account, source=source, method=method, at=account.created_at)
    if days.perhaps(0.9):
        events.on_email_verified(account, at=days.later(1))
        events.on_trial_started(account, days=14, at=days.later(2))
    if days.perhaps(0.6):
        events.on_onboarding_completed(account, steps=["profile", "import", "invite"], at=days.later(4))
        events.on_first_project(account, template=rng.choice([None, "kanban", "roadmap"]), at=days.later(1))
    for _ in range(rng.randrange(1, 5)):
        events.on_feature_used(account, rng.choice(FEATURES), at=days.later(8))
    if days.perhaps(0.4):
        events.on_invite_sent(account, role="editor", at=days.later(2))
    if days.perhaps(0.5):
        _pay(events, account, rng, days)


def _pay(events: SaasEvents, account: Account, rng: Random, days: Days) -> None:
    """Upgrade; one in five has trouble with the card, one in four leaves again."""
    plan, cents = rng.choice([("team", 4_900), ("business", 14_900)])
    period = rng.choice(["monthly", "yearly"])
    price_cents = cents if period == "monthly" else cents * 10
    events.on_upgrade_started(account, plan=plan, at=days.later(3))
    if days.perhaps(0.2):
        events.on_payment_failed(account, amount_cents=price_cents, at=days.later(0.1))
    team_size = rng.randrange(1, 40)
    events.on_upgrade(
        account, plan=plan, price_cents=price_cents, period=period, team_size=team_size, at=days.later(0.2)
    )
    if days.perhaps(0.25):
        events.on_cancellation(account, reason=rng.choice(REASONS), at=days.later(30))


def _shop(number: int, rng: Random, days: Days) -> None:
    """Look, log in, fill a cart, mostly buy, sometimes again and again."""
    events = ShopEvents()
    customer = _customer(number, rng)
    for item in rng.sample(GOODS, rng.randrange(1, 4)):
        events.on_product_viewed(customer.anonymous_id, item, at=days.later(0.1))
    events.on_login(customer, at=days.later(0.2))
    for visit in range(rng.choice([1, 1, 2])):
        cart = _cart(f"C{number:06}-{visit}", rng)
        events.on_cart_updated(customer, cart, at=days.later(0.2))
        if days.perhaps(0.3):
            events.on_cart_opened_in_app(customer, cart, at=days.later(1))
        if days.perhaps(0.1):
            return  # an abandoned cart
        events.on_checkout_started(customer, cart, at=days.later(0.2))
        if days.perhaps(0.1):
            events.on_payment_failed(customer, cart, at=days.later(0.1))
        at = days.later(0.1)
        events.on_order_completed(customer, cart, f"O{number:06}-{visit}", at=at)
        customer = replace(
            customer,
            orders_count=customer.orders_count + 1,
            lifetime_value=customer.lifetime_value + cart.total,
            first_order_date=customer.first_order_date or at,
        )
        days.later(24)
    if days.perhaps(0.3):
        _subscribe(events, customer, rng, days)


def _subscribe(events: ShopEvents, customer: Customer, rng: Random, days: Days) -> None:
    item = rng.choice(GOODS[:2])
    events.on_subscription_created(customer, item, weeks=rng.choice([2, 4]), at=days.later(0.5))
    if days.perhaps(0.5):
        events.on_subscription_skipped(customer, item, at=days.later(24))
    if days.perhaps(0.3):
        events.on_subscription_canceled(customer, reason=rng.choice(REASONS), at=days.later(24))


def _account(number: int, rng: Random, days: Days) -> Account:
    company = rng.randrange(len(COMPANIES))
    return Account(
        user_id=f"usr_{number:06}",
        anonymous_id=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        email=f"person{number}@example.com",
        first_name=rng.choice(FIRST_NAMES),
        last_name=rng.choice(LAST_NAMES),
        company_id=f"org_{company:03}",
        company=COMPANIES[company],
        created_at=days.later(0.5),
    )


def _customer(number: int, rng: Random) -> Customer:
    return Customer(
        user_id=f"usr_{number:06}",
        anonymous_id=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        email=f"person{number}@example.com",
        first_name=rng.choice(FIRST_NAMES),
        last_name=rng.choice(LAST_NAMES),
    )


def _cart(cart_id: str, rng: Random) -> Cart:
    items = tuple(replace(item, quantity=rng.randrange(1, 4)) for item in rng.sample(GOODS, rng.randrange(1, 4)))
    return Cart(cart_id, items, coupon=rng.choice([None, None, "WELCOME10"]))
