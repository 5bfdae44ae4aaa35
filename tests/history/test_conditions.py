"""Conditions that choose messages (`--where`)."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines_client.errors import SourceError
from pipelines_client.history.conditions import parse_where

CALL = {
    "type": "track",
    "event": "Ordered",
    "userId": "u",
    "timestamp": "2026-11-02T09:30:00.000Z",
    "properties": {
        "plan": "pro",
        "gift": False,
        "total": 42.5,
        "count": 3.0,
        "text": "17",
        "at": 1_793_000_000,
        "a.b": "dotted",
        "price (EUR)": 5,
        "Order Total": 7,
        "tags": ["x"],
        "coupon": None,
        "quote": '"=A|B"',
    },
}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("event=Ordered", True),
        (" event = Ordered ", True),
        ("event=Shipped|Ordered", True),
        ('event=["Shipped", "Ordered"]', True),
        ('event!=["Shipped", "Ordered"]', False),
        ('event="Ordered"', True),
        ("event='Ordered'", True),
        ("event!=Ordered", False),
        ("type!=identify", True),
        ("properties.plan=pro", True),
        ("properties.plan.name=pro", False),
        ("properties.gift=false", True),
        ("properties.gift=False", True),
        ("properties.total=42.5", True),
        ("properties.total=42.50", True),
        ("properties.count=3", True),
        ('properties.tags=["[\\"x\\"]"]', True),
        ("properties.a.b=dotted", True),
        ('"properties.price (EUR)">4', True),
        ("properties.Order Total<=7", True),
        ("properties.quote='\"=A|B\"'", True),
        ("properties.coupon=", True),
        ('properties.coupon=["A", null]', True),
        ("anonymousId=", True),
        ("userId~@", False),
        ("event~^Ord", True),
        ("event~^(Shipped|Ordered)$", True),
        ("event~[A-Z]rd", True),
        ("event!~^Ord", False),
        ("properties.total>42", True),
        ("properties.total>42.5", False),
        ("properties.total>=42.5", True),
        ("properties.total<-1", False),
        ("properties.text>9", True),
        ("properties.plan>9", False),
        ("timestamp>2026-11-02", True),
        ("timestamp<2026-11-02T09:30:00Z", False),
        ("timestamp>=1793611800", True),
        ("timestamp=2026-11-02T09:30:00Z", True),  # its text has milliseconds
        ("timestamp=2026-11-02T10:30:00+01:00|2026-11-03", True),
        ("timestamp!=2026-11-02T09:30:00Z", False),
        ("timestamp=", False),
        ('timestamp=["2026-11-02T09:30:01Z", null]', False),
        ("properties.at<2026-11-02", True),
        ("cause=rejected", True),
        ("occurred_at<2026-11-02", True),
    ],
)
def test_a_condition_looks_into_the_call_and_at_what_the_source_knows(condition: str, holds: bool) -> None:
    """Values compare as JSON spells them; what is not there is the empty text."""
    about = {"cause": "rejected", "occurred_at": "2026-11-01"}
    assert parse_where([condition]).holds(CALL, about) is holds


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("Ordered", "write FIELD OPERATOR VALUE"),
        ("=Ordered", "write FIELD OPERATOR VALUE"),
        ("event is Ordered", "write FIELD OPERATOR VALUE"),
        ("evnt!=Ordered", "evnt is not a field of a message; did you mean event?"),
        ("user_id=u", "did you mean userId?"),
        ("plan=pro", "what is inside of one is written properties.plan"),
        ("propertys.plan=pro", "did you mean properties"),
        ("event.name=x", "event.name is not a field"),
        ("properties.=x", "write FIELD"),
        ("event==Ordered", "== is not an operator; did you mean"),
        ("event!==Ordered", "!== is not an operator; did you mean !=?"),
        ("event=~Ordered", "=~ is not an operator"),
        ("event:Ordered", ": is not an operator"),
        ("event<>Ordered", "<> is not an operator"),
        ("event=>Ordered", "=> is not an operator"),
        ("event~Ordered|", "found in every text"),
        ("event~", "found in every text"),
        ("event~.*", "found in every text"),
        ("event~(Ordered", "not a regular expression: missing ), unterminated subpattern at position 0"),
        ("event=Ordered|", "one side of a | is empty"),
        ('event=["Ordered"', "the list is not JSON"),
        ("event=[]", "at least one of them"),
        ('event=[["A"]]', "at least one of them"),
        ('event="Ordered', "in double quotes is JSON"),
        ('"event=Ordered', "write FIELD"),
        ("event>Ordered", "it compares numbers and times"),
        ("timestamp>yesterday", "it compares numbers and times"),
        ("timestamp=yesterday", "it compares times"),
        ("type=trak", "did you mean track?"),
        ("type!=Identify", "did you mean identify?"),
    ],
)
def test_what_cannot_be_meant_is_refused(condition: str, words: str) -> None:
    """With the nearest that there is; nothing is taken for a condition that always holds, or never."""
    with pytest.raises(SourceError) as caught:
        parse_where([condition])
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("condition", "about", "words"),
    [
        ("properties.pln!=free", {}, "no message has properties.pln; did you mean properties.plan?"),
        ("traits.plan=pro", {}, "no message has traits.plan"),
        ("cause=rejected", {}, "no message has cause"),
        ("outcom.x=1", {}, None),
        ("properties.plan>5", {}, "no message has a number or a time in properties.plan"),
        ("anonymousId>5", {}, "no message has anonymousId"),
        ("anonymousId=", {}, ""),
        ("category!=x", {}, ""),
        ("properties.coupon=", {}, ""),
        ("cause=dropped", {"cause": "rejected"}, ""),
    ],
)
def test_a_field_that_no_message_has_is_refused_before_anything_is_sent(
    condition: str, about: dict[str, Any], words: str | None
) -> None:
    """It would choose all, or none; the fields of each call are known without a message."""
    if words is None:
        with pytest.raises(SourceError):
            parse_where([condition])
        return
    where = parse_where(["type=identify", condition])
    where.refuse_unmet()  # no message, no evidence
    for _ in range(2):
        where.holds(CALL, about)
    if not words:
        where.refuse_unmet()
        return
    with pytest.raises(SourceError) as caught:
        where.refuse_unmet()
    assert words in str(caught.value)
