"""Messages that arrive late, slowly or before they were sent: planted, and found with their counts."""

from __future__ import annotations

from datetime import timedelta

from finding_rows import counts, rows, samples

from pipelines_client.parity.model import Verdict

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def test_what_a_side_received_long_after_it_answered_is_late(evidence, compare):
    """Two hours at Segment, twenty minutes at Customer.io (FACTS T); a minute less is not."""
    late, slow = evidence.messages[10], evidence.messages[11]
    late.received_after["segment"] = late.finished_after + 2 * HOUR + MINUTE
    late.received_after["customerio"] = late.finished_after + 19 * MINUTE
    slow.received_after["customerio"] = slow.finished_after + 21 * MINUTE
    report = compare(evidence.paths())
    assert counts(report) == {"late": 2, "slow": 1}
    assert rows(report, "late") == [
        ("customerio", "Feature Used", "2026-11-02", 1, "up to 21 min"),
        ("segment", "Feature Used", "2026-11-02", 1, "up to 2.02 h"),
    ]
    assert samples(report, "late") == [("customerio", "m00011"), ("segment", "m00010")]
    assert report.verdict is Verdict.PASS
    assert report.advice.startswith("No limit is broken. Worth a look is “Late” (2 messages): Wait")


def test_what_our_side_held_back_is_slow_and_not_late(evidence, compare):
    """An outage of an hour: the ledger says when the API took it."""
    held = evidence.messages[20]
    held.finished_after = HOUR
    held.sent_after = {"segment": HOUR, "customerio": HOUR}
    held.received_after = {"segment": HOUR, "customerio": HOUR}
    report = compare(evidence.paths())
    assert counts(report) == {"slow": 2}


def test_what_arrives_before_it_was_sent_shows_a_wrong_clock(evidence, compare):
    """By more than ten seconds; and no lag is claimed by such a clock."""
    evidence.messages[30].received_after["customerio"] = timedelta(milliseconds=80) - timedelta(seconds=11)
    evidence.messages[31].received_after["customerio"] = timedelta(milliseconds=80) - timedelta(seconds=10)
    report = compare(evidence.paths())
    assert counts(report) == {"clock_skew": 1}
    assert rows(report, "clock_skew") == [("customerio", "Feature Used", "2026-11-02", 1, "up to 11 s")]


def test_without_a_ledger_the_time_of_sending_tells_what_is_late(evidence, compare):
    """And nothing is called slow, since nobody knows when the call was."""
    evidence.messages[10].received_after["segment"] = 3 * HOUR
    paths = evidence.paths()
    del paths["ledger"]
    assert counts(compare(paths)) == {"late": 1}
