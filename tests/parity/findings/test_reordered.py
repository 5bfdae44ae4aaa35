"""A track that overtook its identify is counted."""

from __future__ import annotations

from datetime import timedelta

from finding_rows import counts, rows, samples


def test_a_track_that_overtook_its_identify_is_reordered(evidence, compare):
    """At the side where it did; not what was sent before the identify, and not what another person did."""
    evidence.track("kim", "Before", {})
    identify = evidence.add({"type": "identify", "userId": "kim", "traits": {"plan": "pro"}})
    evidence.track("kim", "Account Created", {})
    evidence.track("lee", "Account Created", {})
    identify.received_after["customerio"] = timedelta(seconds=1.2)
    report = compare(evidence.paths())
    assert counts(report) == {"reordered": 1}
    assert rows(report, "reordered") == [("customerio", "Account Created", "2026-11-02", 1, "by up to 87 ms")]
    assert samples(report, "reordered") == [("customerio", "m00202")]
