"""Faults of every class to plant into evidence; each says what a report must then find, and of what else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from evidence import SIDES, Evidence, Sent

from pipelines_client.clock import iso_utc

EVENT = "Feature Used"
WEB, SERVER = {"name": "analytics.js", "version": "5.0"}, {"name": "analytics-python", "version": "2.4.0"}
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)

Truth = Counter[str]
Fault = Callable[[Evidence, str], Truth]


def usual(evidence: Evidence, user: str) -> Sent:
    """Send one more of what the evidence is made of."""
    return evidence.track(user, EVENT, {"feature": "export", "index": 1, "price": 9.5, "tags": ["a", "b"]})


def _changed(change: Callable[[Sent, str], Any], **truth: int) -> list[Fault]:
    """Plant one fault at either side."""

    def at(side: str) -> Fault:
        def plant(evidence: Evidence, user: str) -> Truth:
            change(usual(evidence, user), side)
            return Counter(truth)

        return plant

    return [at(side) for side in SIDES]


def _foreign(sent: Sent, side: str) -> None:
    sent.is_recorded, sent.library, sent.write_key = False, WEB, "key_of_someone_else"
    sent.lose(side)


def _rename(to: str) -> Callable[[Sent, str], None]:
    def change(sent: Sent, side: str) -> None:
        call = sent.sides[side]
        assert call is not None
        call["event"] = to

    return change


def _late(sent: Sent, side: str) -> None:
    sent.received_after[side] = sent.finished_after + 3 * HOUR


def _skew(sent: Sent, side: str) -> None:
    sent.received_after[side] = sent.sent_after[side] - 11 * SECOND


def _identity(sent: Sent, side: str) -> None:
    call = sent.sides[side]
    assert call is not None
    call["userId"] = "somebody else"


def slow(evidence: Evidence, user: str) -> Truth:
    """Hold one back at our side, from both."""
    sent = usual(evidence, user)
    sent.finished_after = HOUR
    sent.sent_after = dict.fromkeys(SIDES, HOUR)
    sent.received_after = dict.fromkeys(SIDES, HOUR + SECOND)
    return Counter(slow=2)


def reordered(evidence: Evidence, user: str) -> Truth:
    """Let a track overtake its identify at Customer.io."""
    identify = evidence.add({"type": "identify", "userId": user, "traits": {"plan": "pro"}})
    usual(evidence, user)
    identify.received_after["customerio"] = 1.5 * SECOND
    return Counter(reordered=1)


def fight(evidence: Evidence, user: str) -> Truth:
    """Let two libraries overwrite each other, one of them twice."""
    for library, plan in ((WEB, "free"), (SERVER, "pro"), (WEB, "free")):
        evidence.add({"type": "identify", "userId": user, "traits": {"plan": plan}}).library = library
    return Counter(trait_fights=2)


def torn(evidence: Evidence, user: str) -> Truth:
    """Send an event whose price is a text."""
    evidence.track(user, "Order Completed", {"price": "9.50"})
    return Counter(type_conflicts=2)


def misspelled(evidence: Evidence, user: str) -> Truth:
    """Send the event under another spelling."""
    evidence.track(user, "feature_used", {"price": 9.5})
    return Counter(name_variants=1)


def foreign(evidence: Evidence, user: str) -> Truth:
    """Let another writer send to both sides."""
    usual(evidence, user).is_recorded = False
    return Counter(foreign_writers=1)


def mistyped(evidence: Evidence, user: str) -> Truth:
    """Let a screen become a page in Segment's archive."""
    sent = evidence.add({"type": "screen", "userId": user, "name": "Main", "properties": {}})
    sent.sides["segment"] = {**sent.call, "type": "page"}
    return Counter(call_type=1)


def backdated(evidence: Evidence, user: str) -> Truth:
    """Let Segment's archive say that one happened an hour later."""
    sent = usual(evidence, user)
    sent.sides["segment"] = {**sent.call, "originalTimestamp": iso_utc(sent.at + HOUR)}
    return Counter(time=1)


def elsewhere(evidence: Evidence, user: str) -> Truth:
    """Let the archive have another context than Customer.io, at a path that the team compares."""
    sent = usual(evidence, user)
    sent.library = SERVER
    sent.other_copies["segment"] = [{**sent.call, "context": {"library": {**SERVER, "version": "2.4.1"}}}]
    sent.copies["segment"] = 0
    return Counter(context=1)


def dated(evidence: Evidence, user: str) -> Truth:
    """Give a trait in milliseconds."""
    evidence.add({"type": "identify", "userId": user, "traits": {"trial_ends_at": 1_795_167_000_123}})
    return Counter(date_attributes=2)


def ahead(evidence: Evidence, user: str) -> Truth:
    """Let a clock be ahead, so that the edit of another host comes too late."""
    wrong = evidence.add({"type": "identify", "userId": user, "traits": {"plan": "free"}})
    wrong.occurred_at = wrong.at + HOUR
    archived = wrong.sides["segment"]
    assert archived is not None
    archived["originalTimestamp"] = iso_utc(wrong.occurred_at)
    evidence.add({"type": "identify", "userId": user, "traits": {"plan": "pro"}})
    return Counter(ineffective_identifies=2)


def colliding(evidence: Evidence, user: str) -> Truth:
    """Use a person's address as an id."""
    address = f"{user.replace(' ', '.')}@example.com"
    evidence.add({"type": "identify", "userId": user, "traits": {"email": address}})
    evidence.track(address, EVENT, {"price": 9.5})
    return Counter(identity_collisions=1)


def loose(evidence: Evidence, user: str) -> Truth:
    """Let a visitor be one whom nothing identifies, beside a person who is identified."""
    evidence.add({"type": "identify", "userId": user, "traits": {"plan": "pro"}})
    evidence.add({"type": "track", "anonymousId": f"visit of {user}", "event": EVENT, "properties": {"price": 9.5}})
    return Counter(loose_ids=1)


def shared(evidence: Evidence, user: str) -> Truth:
    """Give the id of one call to another one too, which both sides drop."""
    first = usual(evidence, user)
    second = evidence.track(user, "Login", {"device": 1}, messageId=first.id)
    for side in SIDES:
        second.lose(side)
    return Counter(shared_ids=1)


def dropped(evidence: Evidence, user: str) -> Truth:
    """Let both legs give one up."""
    sent = usual(evidence, user)
    for side in SIDES:
        sent.not_sent(side, "dropped", "spool_full")
    return Counter(missing=2)


FAULTS: list[Fault] = [
    slow,
    reordered,
    fight,
    torn,
    misspelled,
    foreign,
    mistyped,
    backdated,
    elsewhere,
    shared,
    dated,
    ahead,
    colliding,
    loose,
    dropped,
    *_changed(lambda sent, side: sent.lose(side), missing=1),
    *_changed(lambda sent, side: sent.not_sent(side, "rejected", "400"), missing=1),
    *_changed(lambda sent, side: sent.unsettled(side), missing=1),
    *_changed(lambda sent, side: sent.not_sent(side, "skipped", "stage")),
    *_changed(_foreign, foreign_writers=1, missing=1),
    *_changed(lambda sent, side: sent.payload(side).update(price=1), drift=1),
    *_changed(lambda sent, side: sent.payload(side).update(price="9.5"), drift=1, type_conflicts=1),
    *_changed(lambda sent, side: sent.payload(side).pop("price"), drift=1),
    *_changed(lambda sent, side: sent.copies.update({side: 3}), duplicates=2),
    *_changed(lambda sent, side: sent.copy_changed(side, price=1), duplicates=1, conflicting_duplicates=1),
    *_changed(_identity, identity=1),
    *_changed(_rename("Something Else"), renamed=1),
    *_changed(_rename("Faeture Used"), renamed=1, name_variants=1),
    *_changed(_late, late=1),
    *_changed(_skew, clock_skew=1),
]
"""Each plants itself with a separate person, so that no two of them meet."""
