"""The events of a SaaS product and of a shop: one method for each thing that happens.

The migration changed one line of this file: the import below was `import segment.analytics as analytics`.

The methods follow these rules. Every call has one canonical id; the e-mail is an attribute. An identify comes before
the track that needs it. Every call has a timestamp. Money in the shop is a Decimal; `…_cents` is a whole number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from ulid import ULID

import pipelines_client as analytics

Properties = dict[str, Any]


@dataclass(frozen=True)
class Account:
    """A person who signed up. `anonymous_id` is from the visitor's cookie."""

    user_id: str
    anonymous_id: str
    email: str
    first_name: str
    last_name: str
    company_id: str
    company: str
    created_at: datetime


@dataclass(frozen=True)
class Item:
    """A line of a cart."""

    sku: str
    name: str
    price: Decimal
    quantity: int = 1

    def as_properties(self) -> Properties:
        """Return the line as event properties."""
        return {
            "sku": self.sku,
            "name": self.name,
            "quantity": self.quantity,
            "price": self.price,
            "url": f"https://shop.example.com/p/{self.sku.lower()}",
        }


@dataclass(frozen=True)
class Cart:
    """Items in a cart; `coupon` takes a tenth off."""

    cart_id: str
    items: tuple[Item, ...]
    coupon: str | None = None
    currency: str = "EUR"
    shipping: Decimal = Decimal("4.90")

    @property
    def subtotal(self) -> Decimal:
        """The sum of the lines."""
        return sum((item.price * item.quantity for item in self.items), Decimal(0))

    @property
    def discount(self) -> Decimal:
        """The amount that the coupon takes off."""
        return (self.subtotal / 10).quantize(Decimal("0.01")) if self.coupon else Decimal(0)

    @property
    def total(self) -> Decimal:
        """The amount to pay."""
        return self.subtotal - self.discount + self.shipping

    def as_properties(self) -> Properties:
        """Return the cart as event properties."""
        return {
            "cart_id": self.cart_id,
            "items": [item.as_properties() for item in self.items],
            "subtotal": self.subtotal,
            "discount": {"code": self.coupon, "amount": self.discount},
            "shipping": self.shipping,
            "total": self.total,
            "currency": self.currency,
        }


@dataclass(frozen=True)
class Customer:
    """A person with an account at the shop, and what they have bought."""

    user_id: str
    anonymous_id: str
    email: str
    first_name: str
    last_name: str
    orders_count: int = 0
    lifetime_value: Decimal = Decimal(0)
    first_order_date: datetime | None = None


def stable_id(key: str, at: datetime) -> str:
    """Return the messageId of an event that must count once: the same for a key and time in every process.

    The company's name makes the id unique beyond this source (FACTS S6). It is a ULID because Customer.io's Journeys
    drops repeated events only by ULID (FACTS C14).

    Args:
        key: An idempotency key, such as `order:1042`.
        at: The time stored with the order, so that a retry next week gives the same id.
    """
    digest = blake2b(f"acme.example/{key}".encode(), digest_size=10).digest()
    return str(ULID.from_bytes(int(at.timestamp() * 1000).to_bytes(6, "big") + digest))


class SaasEvents:
    """The lifecycle of an account, from the first page to the last day."""

    def on_page_viewed(self, anonymous_id: str, name: str, path: str, *, at: datetime) -> None:
        """A visitor saw one of the few pages that campaigns use."""
        analytics.page(
            anonymous_id=anonymous_id,
            category="marketing",
            name=name,
            properties={"path": path, "url": f"https://acme.example{path}", "referrer": "https://www.example.org/"},
            timestamp=at,
        )

    def on_signup(self, account: Account, *, source: str, method: str, at: datetime) -> None:
        """Acquisition: the identify has all attributes, and the visitor's anonymous id."""
        analytics.identify(
            account.user_id,
            {
                "email": account.email,
                "first_name": account.first_name,
                "last_name": account.last_name,
                "plan": "free",
                "company": account.company,
                "created_at": account.created_at,
                "onboarding_step": 0,
                "lifecycle_stage": "acquisition",
            },
            timestamp=at,
            anonymous_id=account.anonymous_id,
        )
        analytics.group(account.user_id, account.company_id, {"name": account.company}, timestamp=at)
        properties = {"plan": "free", "signup_source": source, "method": method}
        analytics.track(account.user_id, "Account Created", properties, timestamp=at)

    def on_email_verified(self, account: Account, *, at: datetime) -> None:
        """Activation: the person followed the link in the mail."""
        traits = {"email_verified": True, "email_verified_at": at, "lifecycle_stage": "activation"}
        analytics.identify(account.user_id, traits, timestamp=at)
        hours = (at - account.created_at) / timedelta(hours=1)
        analytics.track(account.user_id, "Email Verified", {"hours_since_signup": round(hours, 2)}, timestamp=at)

    def on_trial_started(self, account: Account, *, days: int, at: datetime) -> None:
        """Activation: the trial of the paid plan began."""
        properties = {"plan_name": "team", "trial_days": days, "trial_ends_at": at + timedelta(days=days)}
        analytics.track(account.user_id, "Trial Started", properties, timestamp=at)

    def on_onboarding_completed(self, account: Account, *, steps: list[str], at: datetime) -> None:
        """Activation: the last step of the tour is done."""
        analytics.identify(account.user_id, {"onboarding_step": len(steps)}, timestamp=at)
        analytics.track(account.user_id, "Onboarding Completed", {"steps": steps}, timestamp=at)

    def on_first_project(self, account: Account, *, template: str | None, at: datetime) -> None:
        """Activation: the account has its first content."""
        analytics.track(account.user_id, "First Project Created", {"template": template}, timestamp=at)

    def on_feature_used(self, account: Account, feature: str, *, at: datetime) -> None:
        """Engagement: the person came back."""
        analytics.identify(account.user_id, {"last_active_at": at, "lifecycle_stage": "engagement"}, timestamp=at)
        analytics.track(account.user_id, "Feature Used", {"feature": feature}, timestamp=at)

    def on_invite_sent(self, account: Account, *, role: str, at: datetime) -> None:
        """Engagement: the person invited others."""
        analytics.track(account.user_id, "Invite Sent", {"role": role, "company": account.company}, timestamp=at)

    def on_upgrade_started(self, account: Account, *, plan: str, at: datetime) -> None:
        """Expansion: the person looked at the price."""
        properties = {"from_plan": "free", "to_plan": plan}
        analytics.track(account.user_id, "Upgrade Started", properties, timestamp=at)

    def on_upgrade(
        self, account: Account, *, plan: str, price_cents: int, period: str, team_size: int, at: datetime
    ) -> None:
        """Expansion: the person paid. The attributes change first, so that a campaign on the event sees them."""
        mrr = Decimal(price_cents if period == "monthly" else price_cents // 12) / 100
        traits = {"plan": plan, "mrr": mrr, "upgraded_at": at, "lifecycle_stage": "expansion"}
        analytics.identify(account.user_id, traits, timestamp=at)
        analytics.track(
            account.user_id,
            "Subscription Started",
            {
                "plan_name": plan,
                "plan_price_cents": price_cents,
                "billing_period": period,
                "trial_converted": True,
                "referral_source": None,
                "team_size": team_size,
            },
            timestamp=at,
        )

    def on_payment_failed(self, account: Account, *, amount_cents: int, at: datetime) -> None:
        """Retention: the card was declined."""
        properties = {"amount_cents": amount_cents, "attempt": 1, "next_attempt_at": at + timedelta(days=1)}
        analytics.track(account.user_id, "Payment Failed", properties, timestamp=at)

    def on_cancellation(self, account: Account, *, reason: str, at: datetime) -> None:
        """Churn: the person left and gave a reason."""
        traits = {"plan": "free", "cancelled_at": at, "cancellation_reason": reason, "lifecycle_stage": "churn"}
        analytics.identify(account.user_id, traits, timestamp=at)
        analytics.track(account.user_id, "Subscription Cancelled", {"reason": reason}, timestamp=at)


class ShopEvents:
    """The events of the shop, from the first view to a subscription."""

    def on_product_viewed(self, anonymous_id: str, item: Item, *, at: datetime) -> None:
        """A visitor looked at a product; the person is not known yet."""
        analytics.track(
            anonymous_id=anonymous_id, event="Product Viewed", properties=item.as_properties(), timestamp=at
        )

    def on_login(self, customer: Customer, *, at: datetime) -> None:
        """The visitor logged in: the identify has the anonymous id from the cookie."""
        traits = {
            "email": customer.email,
            "first_name": customer.first_name,
            "last_name": customer.last_name,
            "orders_count": customer.orders_count,
            "email_consent": True,
            "sms_consent": False,
            "last_seen_at": at,
        }
        analytics.identify(customer.user_id, traits, timestamp=at, anonymous_id=customer.anonymous_id)

    def on_cart_updated(self, customer: Customer, cart: Cart, *, at: datetime) -> None:
        """An item was added or removed."""
        analytics.track(customer.user_id, "Cart Updated", cart.as_properties(), timestamp=at)

    def on_cart_opened_in_app(self, customer: Customer, cart: Cart, *, at: datetime) -> None:
        """The cart was opened in the app."""
        properties = {"cart_id": cart.cart_id, "items": len(cart.items)}
        analytics.screen(customer.user_id, "shop", "Cart", properties, timestamp=at)

    def on_checkout_started(self, customer: Customer, cart: Cart, *, at: datetime) -> None:
        """Sent once for each cart, however often the page is loaded."""
        analytics.track(
            customer.user_id,
            "Checkout Started",
            cart.as_properties(),
            timestamp=at,
            message_id=stable_id(f"checkout:{cart.cart_id}", at),
        )

    def on_order_completed(self, customer: Customer, cart: Cart, order_id: str, *, at: datetime) -> None:
        """The order was paid. Sent once for each order, however often the payment provider calls back."""
        value = customer.lifetime_value + cart.total
        traits = {
            "first_order_date": (customer.first_order_date or at).date(),
            "last_order_date": at.date(),
            "orders_count": customer.orders_count + 1,
            "lifetime_value": value,
            "vip_tier": "gold" if value > Decimal(250) else None,
        }
        analytics.identify(customer.user_id, traits, timestamp=at)
        properties = {
            "order_id": order_id,
            "items": [item.as_properties() for item in cart.items],
            "total": cart.total,
            "currency": cart.currency,
        }
        message_id = stable_id(f"order:{order_id}", at)
        analytics.track(customer.user_id, "Order Completed", properties, timestamp=at, message_id=message_id)

    def on_payment_failed(self, customer: Customer, cart: Cart, *, at: datetime) -> None:
        """The bank declined the payment."""
        properties = {"cart_id": cart.cart_id, "total": cart.total, "currency": cart.currency, "code": "card_declined"}
        analytics.track(customer.user_id, "Payment Failed", properties, timestamp=at)

    def on_subscription_created(self, customer: Customer, item: Item, *, weeks: int, at: datetime) -> None:
        """The same order again every few weeks."""
        analytics.identify(customer.user_id, {"subscription_status": "active"}, timestamp=at)
        properties = {
            "item": item.as_properties(),
            "interval_weeks": weeks,
            "next_order_at": at + timedelta(weeks=weeks),
        }
        analytics.track(customer.user_id, "Subscription Created", properties, timestamp=at)

    def on_subscription_skipped(self, customer: Customer, item: Item, *, at: datetime) -> None:
        """One delivery was skipped."""
        analytics.track(customer.user_id, "Subscription Skipped", {"sku": item.sku}, timestamp=at)

    def on_subscription_canceled(self, customer: Customer, *, reason: str, at: datetime) -> None:
        """The subscription ended."""
        analytics.identify(customer.user_id, {"subscription_status": "canceled"}, timestamp=at)
        analytics.track(customer.user_id, "Subscription Canceled", {"reason": reason}, timestamp=at)
