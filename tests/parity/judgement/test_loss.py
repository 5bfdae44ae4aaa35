"""The largest possible loss in a report: numbers, words, and the events with too few messages."""

from __future__ import annotations

import json

import pytest
from answers import filled

from pipelines_client.parity.judgement.loss import find_unseen
from pipelines_client.parity.model import Limits
from pipelines_client.parity.questions.rows import EVENTS, HOURS, Answers, EventsRow, HoursRow
from pipelines_client.parity.render import render
from pipelines_client.parity.rules import EventGates, Gates


def find(hours, events, *sides: str, look=1, **limits: float):
    gates = Gates(events={name: EventGates(max_missing=limit) for name, limit in limits.items()})
    return find_unseen(Answers({HOURS: hours, EVENTS: events}), sides, gates, Limits(), look=look)


def hour(side, number, messages, lost=0):
    return HoursRow(side, number, messages, lost)


def event(name, seen, *, missing=0, day="2026-11-02"):
    there = {"segment": seen, "customerio": seen - missing, "missing_segment": 0, "missing_customerio": missing}
    return filled(EventsRow, event=name, type="track", day=day, **there)


def test_the_words_are_for_a_manager():
    """Who, how sure, how much, of what, and what if it comes in bursts."""
    hours = [hour("customerio", number, 100, 2 if number == 3 else 0) for number in range(168)]
    found = find(hours, [], "customerio")
    (bound,) = found.bounds
    assert bound.words == (
        "With 95 % confidence Customer.io loses fewer than 1 in 2,325 messages: 2 of 16,800 messages are missing."
        " If losses cluster in time: fewer than 1 in 25 messages of an average hour (1 of 168 hours has a loss)."
    )
    assert found.words == (
        "Report 1 of this history: each bound holds with a probability of at least 97.5 %,"
        " all bounds of the history together with at least 95 %."
    )


def test_nothing_seen_proves_nothing():
    """An empty side, and a side that lost everything."""
    everything, nothing = find([hour("segment", 1, 10, 10)], [], "customerio", "segment").bounds
    assert (nothing.at_most_pct, nothing.one_in, nothing.hour_at_most_pct) == (100, None, 100)
    assert nothing.words == "Customer.io should have no message of this window, so its loss cannot be bounded."
    assert (everything.at_most_pct, everything.one_in) == (100, None)
    assert "Segment loses an unknown share of messages" in everything.words


def test_a_later_look_claims_less():
    """The fourteenth report of a series must see more to say the same."""
    hours = [hour("segment", number, 1_000) for number in range(24)]
    first, later = (find(hours, [], "segment", look=look) for look in (1, 14))
    assert first.bounds[0].one_in > later.bounds[0].one_in
    assert (later.look, later.error_pct) == (14, 0.0238095)


def test_events_with_too_little_evidence_say_how_much_they_need():
    """Days add up, events within their limit count, and those beyond it are another matter."""
    events = [
        event("Signed Up", 20),
        event("Signed Up", 30, day="2026-11-03"),
        event("Paged", 3_689),
        event("Broken", 100, missing=50),
    ]
    found = find([], events, "customerio", Paged=0)
    assert [(row.event, row.messages, row.limit_pct, row.needed) for row in found.thin] == [
        ("Paged", 3_689, 0, None),
        ("Signed Up", 50, 0.1, 3_688),
    ]
    assert found.thin_events == 2
    enough = find([], [event("Paged", 3_688)], "customerio")
    assert enough.thin == ()


def test_every_format_says_how_much_may_be_lost(evidence, compare):
    """A run of two hundred messages, one of them lost."""
    evidence.messages[3].lose("customerio")
    report = compare(evidence.paths())
    bounds = {bound.side: bound for bound in report.unseen.bounds}
    assert (bounds["customerio"].messages, bounds["customerio"].missing) == (200, 1)
    assert (bounds["segment"].messages, bounds["segment"].missing) == (200, 0)
    assert bounds["customerio"].lossy_hours == 1
    assert [(row.side, row.messages, row.needed) for row in report.unseen.thin] == [("segment", 200, 3_688)]
    assert json.loads(report.to_json())["unseen"]["confidence_pct"] == 95
    for form in ("text", "markdown", "html"):
        text = " ".join(render(report, form, details=True).split())
        assert "Largest possible loss" in text
        assert "Too few messages to prove the limit" in text
        assert "1 of 200 messages is missing" in text


def test_only_sides_that_were_given_are_bounded_in_their_order_by_their_own_hours():
    """What another side lost is not a loss here."""
    hours = [hour("segment", 1, 100), hour("customerio", 1, 50, 1), hour("customerio", 2, 50)]
    found = find(hours, [], "customerio", "segment", "ledger").bounds
    assert [(bound.side, bound.messages, bound.missing, bound.hours, bound.lossy_hours) for bound in found] == [
        ("segment", 100, 0, 1, 0),
        ("customerio", 100, 1, 2, 1),
    ]
    assert find(hours, [], "segment").bounds == found[:1]


@pytest.mark.parametrize(("messages", "one_in"), [(5, None), (6, 2), (7, 2), (8, 2), (9, 2), (10, 3), (1_000, 271)])
def test_a_bound_over_a_half_has_no_number(messages, one_in):
    """Nothing lost of five leaves 52 %, of six 46 %; the number is rounded down, since it is a promise."""
    (bound,) = find([hour("segment", number, 1) for number in range(messages)], [], "segment").bounds
    assert (bound.one_in, bound.hour_one_in) == (one_in, one_in)
    assert ("an unknown share of messages" in bound.words) is (one_in is None)
    assert ("If losses cluster in time: nothing is proven" in bound.words) is (one_in is None)
    if one_in:
        assert (
            bound.at_most_pct == bound.hour_at_most_pct == pytest.approx(100 * (1 - 0.025 ** (1 / messages)), rel=1e-5)
        )


def test_an_average_hour_is_bounded_by_the_shares_that_its_hours_lost():
    """However many messages an hour has, it is one hour."""
    few, many = (
        find(
            [hour("segment", 0, messages, messages // 2), *(hour("segment", n, 10) for n in range(1, 99))],
            [],
            "segment",
        )
        for messages in (10, 1_000)
    )
    assert few.bounds[0].hour_at_most_pct == many.bounds[0].hour_at_most_pct < 10
    assert few.bounds[0].at_most_pct < many.bounds[0].at_most_pct


@pytest.mark.parametrize(
    ("missing", "lossy", "says"),
    [
        (0, 0, "0 of 200 messages are missing. ({}) (0 of 2 hours have a loss)"),
        (1, 1, "1 of 200 messages is missing. ({}) (1 of 2 hours has a loss)"),
        (2, 2, "2 of 200 messages are missing. ({}) (2 of 2 hours have a loss)"),
    ],
)
def test_one_is_missing_and_two_are(missing, lossy, says):
    """So it is of hours."""
    hours = [hour("segment", number, 100, int(number < lossy)) for number in range(2)]
    (bound,) = find(hours, [], "segment").bounds
    first, last = says.split(" ({}) ")
    assert first in bound.words
    assert last in bound.words
    assert bound.missing == missing


@pytest.mark.parametrize(
    ("seen", "missing", "limit", "is_thin"),
    [
        (0, 0, 1, False),
        (1, 0, 1, True),
        (367, 0, 1, True),
        (368, 0, 1, False),
        (100, 1, 1, True),
        (100, 2, 1, False),
        (100, 100, 100, False),
        (100, 0, 100, False),
        (100, 50, 50, True),
    ],
)
def test_an_event_is_thin_if_it_keeps_its_limit_and_does_not_prove_it(seen, missing, limit, is_thin):
    """Beyond its limit it has failed; a limit of all takes no proof."""
    events = [event("A", seen, missing=missing)]
    found = find([], events, "customerio", A=limit)
    assert found.thin_events == len(found.thin) == int(is_thin)
    if is_thin:
        (row,) = found.thin
        assert (row.side, row.event, row.type, row.messages, row.missing, row.limit_pct) == (
            "customerio", "A", "track", seen, missing, limit,
        )  # fmt: skip
        assert row.at_most_pct > limit
        assert row.needed
        assert find([], [event("A", row.needed, missing=missing)], "customerio", A=limit).thin == ()
        assert find([], [event("A", row.needed - 1, missing=missing)], "customerio", A=limit).thin


def test_the_largest_events_come_first_and_a_thousand_are_listed():
    """Then by name, type and side; all are counted."""
    named = [event(name, seen)._replace(type=type_) for name, type_, seen in (
        ("B", "track", 5), ("A", "track", 5), ("A", "page", 5), ("C", "track", 9),
    )]  # fmt: skip
    found = find([], named, "segment", "customerio")
    assert [(row.event, row.type, row.side) for row in found.thin] == [
        (name, type_, side)
        for name, type_ in (("C", "track"), ("A", "page"), ("A", "track"), ("B", "track"))
        for side in ("customerio", "segment")
    ]
    each = [event(f"E{number}", 1) for number in range(1001)]
    many = find_unseen(Answers({HOURS: [], EVENTS: each}), ["segment"], Gates(), Limits(max_missing_pct=0))
    assert (many.thin_events, len(many.thin)) == (1001, 1000)


def test_an_event_without_a_limit_of_loss_has_the_limit_of_all():
    """Another limit of its own is none of loss."""
    gates = Gates(events={"A": EventGates(max_drift=50)})
    found = find_unseen(Answers({HOURS: [], EVENTS: [event("A", 10)]}), ["segment"], gates, Limits(max_missing_pct=3))
    assert [row.limit_pct for row in found.thin] == [3]
    assert (found.confidence_pct, found.look, found.error_pct) == (95, 1, 2.5)
