"""Messages that the ledger never saw come from another writer."""

from __future__ import annotations

from finding_rows import counts, rows

WEB = {"name": "analytics.js", "version": "5.0"}


def test_what_the_ledger_never_saw_is_told_by_library_and_key(evidence, compare):
    """Once each, wherever it arrived; and what one side lacks of it is missing there, for that cause."""
    for index in range(3):
        foreign = evidence.track("u1", "Page Opened", {})
        foreign.is_recorded, foreign.library, foreign.write_key = False, WEB, "abcdefgh1234"
        if index:
            foreign.lose("customerio")
    evidence.track("u1", "Feature Used", {})  # so that the export reaches further
    report = compare(evidence.paths())
    assert counts(report) == {"foreign_writers": 3, "missing": 2}
    detail = "library analytics.js/5.0, write key …1234"
    assert rows(report, "foreign_writers") == [
        ("both", "Page Opened", "2026-11-02", 1, detail),
        ("segment", "Page Opened", "2026-11-02", 2, detail),
    ]
    assert report.missing_by_cause["customerio"]["foreign_writer"] == 2
    assert "abcdefgh" not in report.to_json()
