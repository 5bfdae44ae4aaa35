"""Another call type, time or context is shown with its side, event and lines."""

from __future__ import annotations

from datetime import timedelta

from finding_rows import counts, rows, samples

from pipelines_client.clock import iso_utc
from pipelines_client.parity.rules import parse_rules


def test_another_call_type_says_which_it_is_where(evidence, compare):
    """At the side that differs from the ledger."""
    sent = evidence.add({"type": "screen", "userId": "u1", "name": "Main", "properties": {}})
    sent.sides["segment"]["type"] = "page"
    report = compare(evidence.paths())
    assert counts(report) == {"call_type": 1}
    detail = "screen in the ledger, page in Segment, screen in Customer.io"
    assert rows(report, "call_type") == [("segment", "Main", "2026-11-02", 1, detail)]
    assert samples(report, "call_type") == [("segment", sent.id)]


def test_another_time_is_counted_by_event_and_day(evidence, compare):
    """An hour later in the archive than in the ledger."""
    for sent in evidence.messages[:3]:
        sent.sides["segment"]["originalTimestamp"] = iso_utc(sent.at + timedelta(hours=1))
    report = compare(evidence.paths())
    assert rows(report, "time") == [("segment", "Feature Used", "2026-11-02", 3, "")]


def test_another_context_is_found_where_both_exports_have_one(evidence, compare):
    """The ledger has none, so neither side is named."""
    for number, sent in enumerate(evidence.messages):
        sent.library = {"name": "x"}
        if number == 4:
            sent.other_copies["segment"] = [dict(sent.sides["segment"], context={"library": {"name": "y"}})]
            sent.copies["segment"] = 0
    report = compare(evidence.paths(), rules=parse_rules({"compare": {"context": ["library.name"]}}, "rules"))
    assert rows(report, "context") == [("", "Feature Used", "2026-11-02", 1, "")]
