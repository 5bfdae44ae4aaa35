"""A property with values of two types is a conflict."""

from __future__ import annotations

from finding_rows import counts, rows


def test_one_property_of_two_types_is_a_conflict_across_events(evidence, compare):
    """With the place of the first; null is no type, and neither traits nor a page's properties are an event's."""
    for side in ("segment", "customerio"):
        evidence.messages[3].payload(side)["price"] = None
    evidence.messages[3].call["properties"]["price"] = None
    for _ in range(2):
        evidence.track("u1", "Order Completed", {"price": "9.50"})
    evidence.add({"type": "identify", "userId": "u1", "traits": {"price": True}})
    evidence.add({"type": "page", "userId": "u1", "name": "Pricing", "properties": {"price": []}})
    report = compare(evidence.paths())
    assert counts(report) == {"type_conflicts": 4}
    detail = "properties.price: string, else number"
    assert rows(report, "type_conflicts") == [
        ("customerio", "Order Completed", "2026-11-02", 2, detail),
        ("segment", "Order Completed", "2026-11-02", 2, detail),
    ]
    (sample, *_) = [sample for sample in report.samples if sample.kind == "type_conflict"]
    assert sample.customerio == "2184.13699.2.track.json:100"
    assert sample.reason == detail
