"""Copies of a message with another payload or name are conflicts."""

from __future__ import annotations

from datetime import timedelta

from finding_rows import counts, rows

from pipelines_client.clock import iso_utc

MINUTE = timedelta(minutes=1)


def test_the_copy_that_came_first_stands_for_a_message_and_another_name_is_a_conflict(evidence, compare):
    """Whatever the names are called: by receipt, not by the alphabet."""
    for index, name in enumerate(("Apple Eaten", "Zebra Eaten")):
        message = evidence.messages[10 + index]
        later = iso_utc(message.at + 19 * MINUTE)
        message.other_copies["segment"].append({**message.sides["segment"], "event": name, "receivedAt": later})
    report = compare(evidence.paths())
    assert counts(report) == {"duplicates": 2, "conflicting_duplicates": 2}


def test_copies_that_hold_another_payload_are_counted(evidence, compare):
    """Beside those that are the same; what is compared is the first copy."""
    evidence.messages[5].copies["segment"] = 3
    evidence.messages[6].copy_changed("segment", price=1)
    evidence.messages[7].copy_changed("customerio", price=2)
    evidence.messages[7].copy_changed("customerio", price=3)
    report = compare(evidence.paths())
    assert counts(report) == {"duplicates": 5, "conflicting_duplicates": 3}
    assert [row[:4] for row in rows(report, "conflicting_duplicates")] == [
        ("customerio", "Feature Used", "2026-11-02", 2),
        ("segment", "Feature Used", "2026-11-02", 1),
    ]
