"""Any one of the three sources may be left out; the report says what it cannot tell then."""

from __future__ import annotations

import pytest

from pipelines_client.errors import SourceError
from pipelines_client.parity.model import Verdict


def test_without_a_ledger_a_miss_has_no_cause(evidence, compare):
    """The other side has it, so it is missing; the cause is unknown."""
    evidence.messages[3].lose("segment")
    evidence.messages[4].payload("customerio")["price"] = 1
    paths = evidence.paths()
    del paths["ledger"]
    report = compare(paths)
    assert report.totals.missing == {"segment": 1, "customerio": 0}
    assert report.missing_by_cause["segment"]["unknown"] == 1
    assert report.drift_by_path[0].sides == {"unknown": 1}
    assert report.window.mode == "all"


@pytest.mark.parametrize(("given", "left_out"), [("segment", "customerio"), ("customerio", "segment")])
def test_a_ledger_and_one_side_judge_that_side_only(evidence, compare, given, left_out):
    """Missing messages and drift are found by comparison with the ledger; the other side is not judged."""
    evidence.messages[3].lose(given)
    evidence.messages[4].lose(left_out)
    evidence.messages[5].payload(given)["price"] = 1
    evidence.messages[6].sides[given]["userId"] = "x"
    paths = evidence.paths()
    del paths[left_out]
    report = compare(paths)
    assert report.totals.missing == {given: 1, left_out: None}
    assert report.missing_by_cause[left_out] is None
    assert report.missing_by_cause[given]["accepted_but_absent"] == 1
    assert [(row.path, row.sides) for row in report.drift_by_path] == [("(whole payload)", {given: 1})]
    assert [row.side for row in report.identity.rows] == [given]
    assert report.totals.matched == 200 - 3
    assert set(report.sources) == {"ledger", given}


def test_one_source_is_nothing_to_compare(evidence, compare):
    """Two are needed."""
    with pytest.raises(SourceError, match="at least two"):
        compare({"ledger": evidence.write_ledger()})


def test_without_the_key_the_ledgers_identities_are_not_compared(evidence, compare, monkeypatch):
    """The two exports still are, and the report says so."""
    monkeypatch.delenv("PIPELINES_LEDGER_KEY", raising=False)
    evidence.messages[4].sides["segment"]["userId"] = "x"
    paths = {
        "ledger": evidence.write_ledger(key=None),
        "segment": evidence.write_segment(),
        "customerio": evidence.write_customerio(),
    }
    report = compare(paths)
    assert report.identity.count == 1
    assert report.identity.rows[0].side == "unknown"
    assert not report.identity.is_ledger_compared
    assert "only the identities of the two exports were compared" in report.sources["ledger"].notes[0]


def test_the_key_may_come_from_the_environment(evidence, compare, monkeypatch):
    """A fleet's ledgers are hashed with a key that is given."""
    monkeypatch.setenv("PIPELINES_LEDGER_KEY", bytes(range(32)).hex())
    paths = evidence.paths()
    (paths["ledger"] / "identity.key").unlink()
    report = compare(paths)
    assert report.identity.is_ledger_compared
    assert report.verdict is Verdict.PASS


def test_a_ledger_is_found_by_any_of_its_paths(evidence, compare):
    """The state directory, its ledger, a day or a file."""
    paths = evidence.paths()
    day = paths["ledger"] / "ledger" / "2026-11-02"
    for path in (paths["ledger"], day.parent, day, day / "w1.jsonl"):
        report = compare(paths | {"ledger": path})
        assert report.verdict is Verdict.PASS
        assert report.identity.is_ledger_compared
