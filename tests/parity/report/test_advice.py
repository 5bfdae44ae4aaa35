"""The advice of a report."""

from __future__ import annotations

from finding_rows import counts


def test_nothing_planted_is_nothing_found(evidence, compare):
    """No class has anything, and the advice says that there is nothing to do."""
    report = compare(evidence.paths())
    assert counts(report) == {}
    assert report.advice.startswith("Nothing to repair")
