"""A day that a side lacks: planted in files, and decided from counts."""

from __future__ import annotations

from datetime import timedelta

from evidence import START, Evidence
from finding_rows import counts, rows

from pipelines_client.parity.findings.empty_days import empty_days
from pipelines_client.parity.model import Verdict


def test_a_day_that_a_side_lacks_is_a_gap_and_no_proof(tmp_path, compare):
    """As a file that is missing: the verdict stays open, and the day is named."""
    evidence = Evidence(tmp_path)
    evidence.fill_days(5)
    for sent in evidence.messages[120:180]:
        sent.lose("customerio")
    report = compare(evidence.paths(), now=START + timedelta(days=5))
    assert counts(report) == {"empty_days": 1}
    assert report.missing_by_cause["customerio"]["in_gap"] == 60
    assert rows(report, "empty_days") == [("customerio", "", "2026-11-04", 1, "60 absent")]
    assert report.sources["customerio"].empty_days == ("2026-11-04",)
    assert report.verdict is Verdict.INCONCLUSIVE
    for sent in evidence.messages[120:180:2]:
        sent.sides["customerio"] = sent.sides["segment"]
    assert compare(evidence.paths(), now=START + timedelta(days=5)).verdict is Verdict.FAIL


def test_a_day_is_empty_where_nothing_is_there_and_much_lies_in_gaps():
    """Fifty at least; not while it has any, not without a day, and not where a side has nothing at all."""
    present = {"2026-11-03": 80, "2026-11-05": 80, "2026-11-04": 0}
    assert empty_days(present, {"2026-11-04": 50}) == {"2026-11-04": 50}
    assert empty_days(present, {"2026-11-04": 49}) == {}
    assert empty_days(present, {"2026-11-03": 50, "": 99}) == {}
    assert empty_days({}, {"2026-11-04": 50}) == {}
