"""Latency in a report: percentiles and a histogram."""

from __future__ import annotations

from datetime import timedelta


def test_latency_has_percentiles_and_a_histogram(evidence, compare):
    """Nearest rank over all messages, in whole milliseconds, and each message in one bucket."""
    for index, sent in enumerate(evidence.messages):
        sent.received_after["customerio"] = timedelta(milliseconds=500 * (index + 1))
        sent.sent_after["customerio"] = timedelta(0)
    report = compare(evidence.paths())
    by_name = {(row.side, row.measure): row for row in report.latency}
    row = by_name["customerio", "delivery"]
    assert (row.p50_ms, row.p90_ms, row.p99_ms, row.max_ms) == (50_000, 90_000, 99_000, 100_000)
    assert [(item.up_to_ms, item.count) for item in row.buckets] == [
        (1_000, 2),
        (10_000, 18),
        (60_000, 100),
        (120_000, 80),
        (600_000, 0),
        (3_600_000, 0),
        (86_400_000, 0),
        (None, 0),
    ]
    assert (row.messages, row.backwards, row.grade) == (200, 0, "slow")
    assert by_name["customerio", "clock"].grade == "acceptable"
    assert by_name["segment", "delivery"].grade == "healthy"
    assert by_name["segment", "delivery"].p50_ms == 101
    assert by_name["segment", "clock"].max_ms == 11
