"""One id of two calls is said as such, and its calls are no other finding."""

from __future__ import annotations

import copy
from datetime import timedelta

from finding_rows import counts, rows, samples


def test_one_id_of_two_calls_is_counted_once_with_both_names(evidence, compare):
    """The ledger and Customer.io hold both calls; Segment has dropped the second (FACTS S6)."""
    first = evidence.messages[10]
    second = evidence.track("u3", "Login", {"device": 1}, messageId=first.id)
    second.lose("segment")
    report = compare(evidence.paths())
    assert counts(report) == {"shared_ids": 1, "duplicates": 1}
    assert rows(report, "shared_ids")[0][4] == "Feature Used and Login"
    assert samples(report, "shared_id") == [("", first.id)]
    assert next(gate.result for gate in report.gates if gate.kind == "shared_ids") == "failed"
    assert "id" in report.headline
    assert report.identity.count == report.renamed.count == report.totals.drift == 0


def test_two_calls_of_one_name_and_person_are_told_apart_by_payload_and_time(evidence, compare):
    """As the ledger knows both."""
    first = evidence.messages[10]
    second = evidence.track("u3", "Feature Used", {"index": 9_000}, messageId=first.id)
    second.lose("segment")
    second.lose("customerio")
    report = compare(evidence.paths())
    assert counts(report) == {"shared_ids": 1}


def test_a_message_that_is_recorded_again_is_one_call(evidence, compare):
    """A crash repeats a record: the same payload, time and person."""
    again = copy.copy(evidence.messages[10])
    again.finished_after = timedelta(seconds=9)
    again.sides = {"segment": None, "customerio": None}
    evidence.messages.append(again)
    report = compare(evidence.paths())
    assert counts(report) == {}
