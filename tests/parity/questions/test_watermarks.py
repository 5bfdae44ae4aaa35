"""Up to when a side's silence means something: what was sent after its last message is too young to be missed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from answers import filled
from evidence import START, Evidence
from exports import as_lines

from pipelines_client.parity.questions.rows import SpansRow
from pipelines_client.parity.questions.watermarks import spans_of

FAR = (timedelta(days=365 * 7000), timedelta(days=40), timedelta(days=2))


@pytest.fixture
def cut(tmp_path: Path) -> Evidence:
    """An export of Customer.io's that ends before the last ten messages."""
    evidence = Evidence(tmp_path, count=200)
    for sent in evidence.messages[-10:]:
        sent.lose("customerio")
    return evidence


def causes(report: Any, side: str) -> dict[str, int]:
    return {cause: count for cause, count in report.missing_by_cause[side].items() if count}


@pytest.mark.parametrize("after", FAR)
def test_one_receipt_in_the_future_does_not_take_the_young_for_missing(cut, compare, after):
    """The watermark is that of the others, and the report says that a clock is wrong."""
    cut.messages[3].received_after["customerio"] = after
    report = compare(cut.paths())
    assert causes(report, "customerio") == {"too_young": 10}
    assert report.sources["customerio"].watermark == "2026-11-02T09:33:09.113Z"
    assert [
        note
        for note in report.sources["customerio"].notes
        if note.startswith("1 of its messages are dated after tomorrow")
    ]
    assert not [note for note in report.sources["segment"].notes if "after tomorrow" in note]


def test_a_receipt_of_tomorrow_is_believed(cut, compare):
    """Zones and clocks are that far apart."""
    cut.messages[3].received_after["customerio"] = timedelta(days=1)
    assert causes(compare(cut.paths()), "customerio") == {"accepted_but_absent": 10}


def test_a_report_whose_own_clock_is_wrong_believes_the_evidence(cut, compare):
    """If all of an export is dated after tomorrow, the clock of this machine is wrong, not the export."""
    report = compare(cut.paths(), now=datetime(2001, 1, 1, tzinfo=timezone.utc))
    assert causes(report, "customerio") == {"too_young": 10}
    assert not [note for note in report.sources["customerio"].notes if "after tomorrow" in note]


@pytest.mark.parametrize("known", ["sentAt", "timestamp"])
@pytest.mark.parametrize("has_ledger", [True, False])
def test_calls_without_a_receipt_are_as_old_as_their_sending(cut, compare, tmp_path, known, has_ledger):
    """At the side that shows none, and at the other one; no delay is made up from it."""
    calls = [{**sent.call, known: sent.at.isoformat()} for sent in cut.messages]
    path = tmp_path / "calls.jsonl"
    path.write_bytes(as_lines(calls[:-10]))
    ledger = {"ledger": cut.write_ledger()} if has_ledger else {}
    report = compare({**ledger, "segment": cut.write_segment(), "customerio": f"jsonl:{path}"})
    assert causes(report, "customerio") == {"too_young": 10}
    assert report.sources["customerio"].watermark == "2026-11-02T09:33:09.000Z"
    assert not [row for row in report.latency if row.side == "customerio"]
    path.write_bytes(as_lines(calls))
    report = compare({**ledger, "segment": f"jsonl:{path}", "customerio": cut.write_customerio()})
    assert causes(report, "customerio") == {"too_young": 10}


def test_a_ledger_record_of_a_clock_that_was_not_set_opens_no_window(cut, compare):
    """A host that booted in 1970 does not bring in what the archive holds from before the ledger."""
    call = {"type": "track", "userId": "u1", "event": "Old Event", "properties": {}}
    before = cut.add(call, after=timedelta(days=-30))
    before.is_recorded = False
    before.lose("customerio")
    paths = cut.paths()
    assert compare(paths).totals.missing["customerio"] == 0
    (file,) = Path(paths["ledger"]).rglob("*.jsonl")
    first, *rest = file.read_text().splitlines()
    file.write_text(
        "\n".join([json.dumps({**json.loads(first), "appended_at": "1970-01-01T00:00:09.000Z"}), *rest, ""])
    )
    report = compare(paths)
    assert report.totals.missing["customerio"] == 0
    assert any("1 of its records are dated before 2026" in note for note in report.sources["ledger"].notes)


def test_what_has_receipts_goes_by_them_unless_they_are_few():
    """A message without one is no reason to go by the senders' clocks, nor one with it among many without."""
    day = int(START.timestamp()) // 86_400
    row = filled(SpansRow, source="segment", messages=1, day_number=day)
    rows = [
        row._replace(day_number=-1),
        row._replace(first_ms=1000, last_ms=9000),
        row._replace(is_received=1, first_ms=2000, last_ms=5000),
    ]
    few = [rows[0], rows[1]._replace(messages=2), rows[2]]
    assert spans_of(rows, START)["segment"].watermark_ms == 5999
    assert spans_of(few, START)["segment"].watermark_ms == 9999
    assert spans_of(rows[:2], START)["segment"].watermark_ms == 9999
    assert spans_of(rows[:1], START)["segment"].watermark_ms is None
    assert spans_of([], START) == {}
