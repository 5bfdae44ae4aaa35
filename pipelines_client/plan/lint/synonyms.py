"""Events whose names are different words for one thing that happened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipelines_client.plan.lint.base import LintFault, LintRule
from pipelines_client.plan.lint.names import bag, stem, words_of
from pipelines_client.plan.lint.survey import PlanSurvey, SurveyedCall

_PHRASES: Final = """
    order completed, purchase, purchased, purchase completed, order placed, checkout completed, transaction
        completed, purchase made, order created, item purchased, product purchased, bought
    account created, signed up, sign up, signup, user signed up, registered, user registered, user created,
        joined, registration completed, signup completed, sign up completed, user signup
    logged in, login, log in, signed in, sign in, user logged in, user signed in, session started, login
        succeeded
    logged out, logout, log out, signed out, sign out, user logged out, user signed out
    subscription started, subscribed, subscription created, plan started, upgraded to paid, subscription
        activated
    subscription cancelled, subscription canceled, unsubscribed from plan, plan cancelled, churned,
        subscription ended, cancelled subscription
    product added, added to cart, add to cart, product added to cart, item added to cart, cart item added,
        item added
    product removed, removed from cart, remove from cart, product removed from cart, item removed, cart item
        removed
    checkout started, checkout begun, began checkout, initiated checkout, checkout initiated
    payment failed, charge failed, payment declined, card declined
    trial started, trial began, free trial started, trial created
    invite sent, invitation sent, teammate invited, user invited, member invited
    invite accepted, invitation accepted, teammate joined, member joined
    search, searched, products searched, search performed, search submitted
    email verified, email confirmed, account verified, address verified
    onboarding completed, onboarding finished, setup completed, setup finished
"""
"""Phrases for one thing that happened, separated by commas: each paragraph that is not further in is one thing."""
_WORDS: Final[dict[str, str]] = {
    "canceled": "cancelled", "cancellation": "cancelled", "deleted": "removed", "destroyed": "removed",
    "erased": "removed", "clicked": "clicked", "tapped": "clicked", "pressed": "clicked", "viewed": "viewed",
    "seen": "viewed", "visited": "viewed", "shown": "viewed", "displayed": "viewed", "opened": "opened",
    "edited": "updated", "changed": "updated", "modified": "updated", "amended": "updated", "finished": "completed",
    "ended": "completed", "succeeded": "completed", "begun": "started", "began": "started", "initiated": "started",
    "launched": "started", "bought": "purchased", "made": "created", "errored": "failed", "declined": "failed",
    "user": "person", "customer": "person", "member": "person", "invitation": "invite", "photo": "picture",
    "image": "picture", "colour": "color", "sent": "sent", "emailed": "sent",
}  # fmt: skip
"""Words that are taken for one in names of events."""


class SynonymsLint(LintRule):
    """Two events have names that mean the same."""

    code = "synonym"
    title = "Two events whose names mean the same"
    why = "Two sources that name one thing in two ways split its count, and each campaign sees one of them."
    bad = "events: {Order Completed: {}, Purchase: {}}"
    good = "events: {Order Completed: {aliases: [Purchase]}, Order Refunded: {}}"

    def faults(self, survey: PlanSurvey) -> Iterator[LintFault]:
        """Yield, for each meaning that several events have, all but the first by the alphabet."""
        meanings: dict[str, list[SurveyedCall]] = {}
        for each in survey.events:
            if each.call.status != "deprecated":
                meanings.setdefault(_meaning(each.call.name), []).append(each)
        for group in meanings.values():
            kept, *others = sorted(group, key=lambda each: each.call.name)
            for each in others:
                if bag(each.call.name) != bag(kept.call.name):  # else `near-duplicate` has it
                    name = kept.call.name
                    cure = "if they are one event, keep one of the two names, and put the other under its aliases"
                    yield self.fault(each.place, each.path, f'the name may mean the same as "{name}"', cure, about=name)


def _meaning(name: str) -> str:
    words = words_of(name)
    return _MEANINGS.get(" ".join(words)) or " ".join(sorted(stem(_WORDS.get(word, word)) for word in words)) or name


_MEANINGS: Final = {
    " ".join(words_of(phrase)): f"{number}"
    for number, group in enumerate(_PHRASES.replace("\n        ", " ").splitlines())
    for phrase in group.split(",")
}
"""A number for each meaning, by each phrase for it."""
