"""Where the evidence is short the verdict is inconclusive, never pass; proof is proof all the same."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from evidence import START, Evidence
from exports import as_csv, spread

from pipelines_client.clock import iso_utc
from pipelines_client.parity import Limits
from pipelines_client.parity.model import Verdict
from pipelines_client.state.runfile import LegReport, RunFile


def result(report, name):
    return next(gate.result for gate in report.gates if gate.name == name)


def test_too_few_messages_prove_nothing(tmp_path, compare):
    """Ten messages that match are no hundred."""
    report = compare(Evidence(tmp_path, count=10).paths())
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.verdict.exit_code == 3
    assert result(report, "min_events") == "inconclusive"


def test_a_rate_of_too_few_messages_is_no_failure(tmp_path, compare):
    """One of ten missing may be chance."""
    evidence = Evidence(tmp_path, count=10)
    evidence.messages[3].lose("segment")
    assert compare(evidence.paths()).verdict is Verdict.INCONCLUSIVE
    assert compare(evidence.paths(), limits=Limits(min_events=5)).verdict is Verdict.FAIL


def test_a_ledger_that_lost_lines_makes_no_strangers_of_what_it_skipped(evidence, compare):
    """Half was meant for Segment alone; without its records nobody can tell it from what another writer sent."""
    for message in evidence.messages[::2]:
        message.not_sent("customerio", "skipped", "cohort")
    paths = {
        "ledger": evidence.write_ledger(is_sealed=True),
        "segment": evidence.write_segment(),
        "customerio": evidence.write_customerio(),
    }
    assert compare(paths).verdict is Verdict.PASS
    (file,) = Path(paths["ledger"]).rglob("*.gz")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    report = compare(paths)
    assert result(report, "missing_customerio") == "inconclusive"
    assert report.verdict is Verdict.INCONCLUSIVE
    torn = gzip.decompress(whole)
    file.unlink()
    file.with_suffix("").write_bytes(torn[: len(torn) // 2 - 9])
    assert result(compare(paths), "missing_customerio") == "inconclusive"


@pytest.mark.parametrize("left", [0.5, 0.9])
def test_counts_that_are_cut_prove_nothing(evidence, compare, tmp_path, left):
    """Neither that too little was counted nor, by chance, that it was enough."""
    spread(evidence, days=8)
    rows = [{"name": message.call["event"], "at": iso_utc(message.at)} for message in evidence.messages]
    (tmp_path / "counts").mkdir()
    for part in range(2):
        (tmp_path / "counts" / f"{part}.csv.gz").write_bytes(gzip.compress(as_csv(rows[part::2])))
    paths = {**evidence.paths(), "counts": f"table:{tmp_path}/counts"}
    limits, columns = Limits(min_events=10), {"event": "name", "time": "at"}
    assert result(compare(paths, limits=limits, column_map=columns), "counts_table") == "passed"
    file = tmp_path / "counts" / "1.csv.gz"
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * left)])
    report = compare(paths, limits=limits, column_map=columns)
    assert result(report, "counts_table") == "inconclusive"
    assert any("1.csv.gz" in gap for gap in report.counts["table"].gaps)


@pytest.mark.parametrize(
    ("without", "verdict", "is_uncovered"),
    [
        ((), "passed", False),
        ((5, 6, 7, 8), "inconclusive", True),
        ((0, 1, 2), "inconclusive", True),
        ((8,), "passed", False),
        ((4,), "failed", False),
        ((2, 6, 7, 8), "failed", True),
    ],
    ids=["all days", "ends early", "starts late", "last day open", "hole", "hole and ends early"],
)
def test_counts_of_fewer_days_than_ours_are_no_pass(evidence, compare, tmp_path, without, verdict, is_uncovered):
    """An outage that lasts to the end looks like an export of fewer days; a hole between two days is a deviation."""
    spread(evidence, days=8)
    days = sorted({message.at.date() for message in evidence.messages})
    rows = [
        {"name": message.call["event"], "at": iso_utc(message.at)}
        for message in evidence.messages
        if days.index(message.at.date()) not in without
    ]
    (tmp_path / "counts.csv").write_bytes(as_csv(rows))
    paths = evidence.paths() | {"counts": f"table:{tmp_path}/counts.csv"}
    report = compare(paths, limits=Limits(min_events=10), column_map={"event": "name", "time": "at"})
    assert result(report, "counts_table") == verdict
    assert bool(report.counts["table"].uncovered) is is_uncovered


def test_counts_held_against_a_ledger_with_a_gap_prove_nothing(evidence, compare, tmp_path):
    """What the ledger lost is not there to be counted."""
    spread(evidence, days=8)
    rows = [{"name": message.call["event"], "at": iso_utc(message.at)} for message in evidence.messages]
    (tmp_path / "counts.csv").write_bytes(as_csv(rows))
    ledger = evidence.write_ledger(is_sealed=True)
    (file,) = ledger.rglob("*.gz")
    file.write_bytes(file.read_bytes()[:-20])
    paths = {"ledger": ledger, "segment": evidence.write_segment(), "counts": f"table:{tmp_path}/counts.csv"}
    report = compare(paths, limits=Limits(min_events=10), column_map={"event": "name", "time": "at"})
    assert result(report, "counts_table") == "inconclusive"


def test_an_empty_side_is_inconclusive(evidence, compare, tmp_path):
    """Nothing there proves that the export is missing, not that the messages are."""
    (tmp_path / "empty").mkdir()
    report = compare(evidence.paths() | {"customerio": tmp_path / "empty"})
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.totals.missing["customerio"] == 0
    assert report.missing_by_cause["customerio"]["in_gap"] == 200
    assert report.headline.startswith("Customer.io's export is empty (200 messages should be there)")
    assert result(report, "missing_customerio") == "inconclusive"


def test_a_hole_in_the_positions_is_inconclusive(evidence, compare):
    """A missing file may hold all that is missing."""
    paths = evidence.paths()
    (paths["customerio"] / "2184.13699.2.track.json").rename(paths["customerio"] / "2184.13699.4.track.json")
    report = compare(paths)
    assert report.sources["customerio"].holes == ("2184.13699.2.track.json", "2184.13699.3.track.json")
    assert report.verdict is Verdict.INCONCLUSIVE


def test_a_loss_that_the_ledger_proves_fails_in_spite_of_a_hole(evidence, compare):
    """What was refused cannot lie in a file that is missing."""
    for sent in evidence.messages[:20]:
        sent.not_sent("customerio", "rejected", "400")
    paths = evidence.paths()
    (paths["customerio"] / "2184.13699.2.track.json").rename(paths["customerio"] / "2184.13699.3.track.json")
    report = compare(paths)
    assert result(report, "missing_customerio") == "failed"
    assert report.verdict is Verdict.FAIL


def test_a_cut_gzip_file_is_counted_and_inconclusive(evidence, compare):
    """What came before the cut is still compared."""
    paths = evidence.paths()
    file = next(paths["segment"].rglob("2.b.gz"))
    file.write_bytes(file.read_bytes()[:-100])
    report = compare(paths)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.totals.segment.rejected_lines == 1
    (place,) = report.sources["segment"].incomplete
    assert place.file.endswith("2.b.gz")
    assert "cut off" in place.reason
    assert report.totals.segment.messages >= 100


def test_what_was_sent_after_the_export_is_too_young(evidence, compare):
    """A young message is not missing; too many of them leave the question open."""
    for sent in evidence.messages[150:]:
        sent.lose("customerio")
    report = compare(evidence.paths())
    assert report.missing_by_cause["customerio"]["too_young"] == 50
    assert report.totals.missing["customerio"] == 0
    assert report.verdict is Verdict.INCONCLUSIVE
    assert compare(evidence.paths(), limits=Limits(max_missing_pct=30)).verdict is Verdict.PASS


def test_without_a_ledger_the_other_sides_clock_tells_the_young(evidence, compare):
    """Received there after the last that was exported here."""
    evidence.messages[199].lose("segment")
    paths = evidence.paths()
    del paths["ledger"]
    assert compare(paths).totals.too_young == {"segment": 1, "customerio": 0}


def test_an_answer_long_after_the_export_is_too_young(evidence, compare):
    """Recorded before an outage and delivered after the export was written: it may be in the next one."""
    sent = evidence.messages[50]
    sent.lose("customerio")
    sent.finished_after = timedelta(hours=2)
    assert compare(evidence.paths()).missing_by_cause["customerio"]["too_young"] == 1


def test_what_was_refused_is_never_too_young(evidence, compare):
    """The ledger's last word comes before the clock."""
    evidence.messages[199].not_sent("customerio", "rejected", "400")
    assert compare(evidence.paths()).missing_by_cause["customerio"]["rejected"] == 1


def test_an_archive_from_before_the_ledger_is_outside_the_window(evidence, compare):
    """The old stream is no loss of ours; --all takes it in."""
    for index in range(50):
        old = evidence.track("u1", "Old", {}, messageId=f"old{index}")
        old.at, old.is_recorded = START - timedelta(days=90, seconds=index), False
        old.lose("customerio")
    paths = evidence.paths()
    report = compare(paths)
    assert report.verdict is Verdict.PASS
    assert report.window.mode == "ledger"
    assert report.window.outside == {"ledger": 0, "segment": 50, "customerio": 0}
    assert compare(paths, is_all=True).missing_by_cause["customerio"]["foreign_writer"] == 50


def test_the_edges_of_the_ledgers_window_hide_no_loss(evidence, compare):
    """The first and the last message count, and so does a backdated one."""
    evidence.messages[0].lose("segment")
    evidence.messages[198].lose("segment")
    backdated = evidence.messages[100]
    backdated.lose("customerio")
    backdated.occurred_at = START - timedelta(days=300)
    assert compare(evidence.paths()).totals.missing == {"segment": 2, "customerio": 1}


def test_a_window_is_by_message_so_an_edge_splits_no_pair(evidence, compare):
    """Segment knows when it happened, Customer.io only when it was sent: one message, one answer."""
    since = START + timedelta(seconds=100)
    report = compare(evidence.paths(), since=since, until=since + timedelta(seconds=50))
    assert report.totals.messages == report.totals.matched == 50
    assert report.window.outside == {"ledger": 150, "segment": 150, "customerio": 150}
    assert report.window.since == "2026-11-02T09:31:40.000Z"
    assert compare(evidence.paths(), since=datetime(2030, 1, 1, tzinfo=timezone.utc)).verdict is Verdict.INCONCLUSIVE


def test_what_may_be_in_no_record_leaves_the_ledger_short(evidence, compare):
    """So many wait on both legs that more than is bearable may be unrecorded; what waits on one leg only is not."""
    paths = evidence.paths()
    (paths["ledger"] / "run").mkdir()
    for pending, verdict in ((5, Verdict.INCONCLUSIVE), (0, Verdict.PASS)):
        legs = {leg: LegReport(n, n, 0, {}, {}, {}) for leg, n in (("segment", 7), ("customerio", pending))}
        RunFile(legs).write(paths["ledger"] / "run" / "w1.json")
        report = compare(paths)
        assert report.verdict is verdict
        assert (result(report, "evidence_ledger") == "passed") is (verdict is Verdict.PASS)
