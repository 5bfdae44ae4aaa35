"""The largest possible loss in a report: numbers, words, and the events with too few messages."""

from __future__ import annotations

import json

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
        text = " ".join(render(report, form).split())
        assert "Largest possible loss" in text
        assert "Too few messages to prove the limit" in text
        assert "1 of 200 messages is missing" in text
