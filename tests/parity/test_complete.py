"""Gaps in the evidence from end to end: what the report says of them, who vouches for what, and what is replayed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from evidence import START, Evidence

from pipelines_client.errors import ConfigError
from pipelines_client.parity import complete
from pipelines_client.parity.complete import COMMAND_LINE, SideSpan, complete_option, parse_complete
from pipelines_client.parity.model import Verdict
from pipelines_client.parity.report.replay_list import describe_replay_list
from pipelines_client.parity.rules import parse_rules

LOST_FROM = START + timedelta(hours=10)
VOUCHED = "segment=2026-11-02T19:30..22:30"


@pytest.fixture
def gapped(tmp_path):
    """Two days with a message every three minutes, and three hours of which Segment has nothing."""
    evidence = Evidence(tmp_path)
    for number in range(960):
        sent = evidence.add({"type": "track", "event": "Login", "userId": "u"}, after=timedelta(minutes=3 * number))
        if timedelta(0) <= sent.at - LOST_FROM < timedelta(hours=3):
            sent.lose("segment")
    return evidence


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("segment=2026-11-22T10:00..13:00", utc(2026, 11, 22, 10), utc(2026, 11, 22, 13)),
        (" segment=2026-11-22 10:00 .. 13:00Z ", utc(2026, 11, 22, 10), utc(2026, 11, 22, 13)),
        ("segment=2026-11-22T10:00+02:00..13:00", utc(2026, 11, 22, 8), utc(2026, 11, 22, 11)),
        ("segment=2026-11-22T10:00Z..2026-11-23T01:30:15+01:00", utc(2026, 11, 22, 10), utc(2026, 11, 23, 0, 30, 15)),
        ("segment=2026-11-22..2026-11-24", utc(2026, 11, 22), utc(2026, 11, 24)),
        ("segment=2026-11-22", utc(2026, 11, 22), utc(2026, 11, 23)),
    ],
)
def test_a_span_is_read_in_utc_unless_it_says_otherwise(text, since, until):
    """A time alone is on the day and in the zone of the beginning; a day alone is all of it."""
    read = parse_complete(text)
    assert (read.side, read.since, read.until, read.owner) == ("segment", since, until, COMMAND_LINE)


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("segment", "names no span"),
        ("segment=", "names no span"),
        ("ledger=2026-11-22", "'ledger' is not a side; write segment=… or customerio=…"),
        ("Segment=2026-11-22", "is not a side"),
        ("segment=soon..later", "'soon' is not a time; write 2026-11-22"),
        ("segment=2026-11-22T10:00..", "'' is not a time"),
        ("segment=2026-11-22T10:00", "has no end"),
        ("segment=2026-11-22T10:00..09:00", "ends before it begins"),
        ("segment=2026-11-22T10:00..10:00", "ends before it begins"),
        ("segment=2026-11-22T10:00..99:00", "is not a time"),
        ("segment=0001-01-01T00:00+10:00..2026-11-22", "is not a time"),
        ("segment=2026-11-22..9999-12-31T23:59-10:00", "is not a time"),
        ("segment=9999-12-31", "is not a time"),
    ],
)
def test_a_span_that_cannot_be_right_is_refused_with_the_cure(text, cure):
    """Nothing is vouched for by accident."""
    with pytest.raises(ValueError, match=cure):
        parse_complete(text)


@pytest.mark.parametrize(
    "span", [SideSpan("segment", 1_795_341_600_000, 1_795_352_400_000), SideSpan("customerio", 0, 864_000_000)]
)
def test_the_option_that_a_report_names_vouches_for_the_whole_gap(span):
    """Copied from the report it means the same span."""
    option, text = complete_option(span).split(" ", 1)
    assert option == "--complete"
    assert parse_complete(text).span == span


def test_a_gap_is_inconclusive_and_named_with_what_closes_it(gapped, compare):
    """Its hours, how much is absent, and the option."""
    report = compare(gapped.paths(), now=START + timedelta(days=3))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.headline.startswith("Segment's files for 2026-11-02 19:30 to 22:30 are not here (60 messages)")
    assert report.advice.endswith(f"--complete {VOUCHED}")
    assert report.totals.missing["segment"] == 0
    assert report.missing_by_cause["segment"]["in_gap"] == 60
    (gap,) = report.gaps
    assert (gap.side, gap.types, gap.absent, gap.present) == ("segment", (), 60, 0)
    assert gap.option == f"--complete {VOUCHED}"
    assert gap.files == ("9sBxKq2mVd/1793577600000/",)


def test_what_is_missing_beside_a_gap_fails(gapped, compare):
    """A gap hides what lies in it and nothing else."""
    for sent in gapped.messages[5:900:50]:
        sent.lose("segment")
    report = compare(gapped.paths(), now=START + timedelta(days=3))
    assert report.verdict is Verdict.FAIL
    assert report.missing_by_cause["segment"]["in_gap"] == 60
    assert report.totals.missing["segment"] == 16


def test_what_the_limit_allows_anyway_needs_nobody_to_vouch(gapped, compare):
    """If all of it were lost the verdict would be the same."""
    limits = {"max_missing": 10.0}
    report = compare(gapped.paths(), now=START + timedelta(days=3), rules=parse_rules({"gates": limits}, "here"))
    assert report.verdict is Verdict.PASS
    assert [gap.absent for gap in report.gaps] == [60]


def test_what_is_vouched_for_is_lost_and_the_report_says_who_did(gapped, compare):
    """An outage; a span at another time is not needed, and is said to be."""
    mine = {
        "side": "segment",
        "from": LOST_FROM,
        "until": LOST_FROM + timedelta(hours=3),
        "owner": "me",
        "reason": "down",
    }
    rules = parse_rules({"complete": [mine]}, "here")
    idle = parse_complete("segment=2026-11-03")
    report = compare(gapped.paths(), now=START + timedelta(days=3), rules=rules, complete=(idle,))
    assert report.verdict is Verdict.FAIL
    assert report.totals.missing["segment"] == 60
    assert report.gaps == ()
    assert [(row.owner, row.reason, row.absent) for row in report.complete] == [
        ("me", "down", 60),
        (COMMAND_LINE, "given with --complete", 0),
    ]


def test_an_end_that_is_vouched_for_is_not_too_young(tmp_path, compare):
    """Nothing more came: only a team can tell that from an export that was made too early."""
    evidence = Evidence(tmp_path, count=200)
    for sent in evidence.messages[150:]:
        sent.lose("customerio")
    report = compare(evidence.paths())
    assert report.missing_by_cause["customerio"]["too_young"] == 50
    report = compare(evidence.paths(), complete=(parse_complete("customerio=2026-11-02..2026-11-03"),))
    assert report.missing_by_cause["customerio"] == report.missing_by_cause["customerio"] | {
        "too_young": 0,
        "accepted_but_absent": 50,
    }
    assert report.verdict is Verdict.FAIL


def test_an_empty_side_that_is_vouched_for_lost_everything(evidence, compare, tmp_path):
    """The export is empty because nothing arrived."""
    (tmp_path / "empty").mkdir()
    paths = evidence.paths() | {"customerio": tmp_path / "empty"}
    report = compare(paths, complete=(parse_complete("customerio=2026-11-01..2026-11-04"),))
    assert report.totals.missing["customerio"] == 200
    assert report.verdict is Verdict.FAIL


@pytest.mark.parametrize("even", [False, True])
def test_the_replay_list_leaves_out_what_lies_in_a_gap(gapped, compare, tmp_path, even):
    """And says how many; they are put in if asked for, with a warning that a replay may send them twice."""
    gapped.messages[3].lose("segment")
    listed = tmp_path / "replay.jsonl"
    report = compare(gapped.paths(), now=START + timedelta(days=3), replay_list=listed, even_in_gaps=even)
    causes = [json.loads(line)["cause"] for line in listed.read_text().splitlines()]
    assert sorted(causes) == ["accepted_but_absent", *(["in_gap"] * 60 if even else [])]
    assert report.replay.messages == len(causes)
    assert report.replay.left_out == ({} if even else {"segment": 60})
    said = " ".join(describe_replay_list(report, listed))
    assert ("the list includes the messages in them, which a replay would send twice" in said) == even
    assert ("60 left out" in said) != even


def test_a_rule_that_expects_an_event_to_be_missing_still_explains_it(tmp_path, compare):
    """A whole type that a side is known not to get is no gap, and none of it is counted."""
    evidence = Evidence(tmp_path)
    for number in range(300):
        named = {"type": "track", "event": "Login"} if number % 5 else {"type": "page", "name": "Home"}
        sent = evidence.add({**named, "userId": "u"}, after=timedelta(minutes=9 * number))
        if number % 5 == 0:
            sent.lose("customerio")
    paths, now = evidence.paths(), START + timedelta(days=3)
    report = compare(paths, now=now)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.headline.startswith("Customer.io's files of page calls are not here (60 messages)")
    assert report.gaps[0].files == ("2184.13699.*.page (none is here)",)
    rule = {
        "kind": "missing",
        "side": "customerio",
        "event": "Home",
        "reason": "r",
        "owner": "o",
        "expiry": "2027-01-01",
    }
    report = compare(paths, now=now, rules=parse_rules({"expected": [rule]}, "here"))
    assert report.verdict is Verdict.PASS
    assert report.totals.expected["customerio"] == 60


@pytest.mark.parametrize(
    ("entry", "cure"),
    [
        ({"side": "ledger"}, "complete\\[1\\].side: "),
        ({"until": "2026-11-21"}, 'complete\\[1\\]: "until" .* is not later than "from"'),
        ({"owner": " "}, "complete\\[1\\].owner"),
        ({"whom": "me"}, "complete\\[1\\].whom: unknown key"),
    ],
)
def test_an_entry_that_cannot_be_right_is_an_error_that_names_the_key(entry, cure):
    """As for all of parity.toml."""
    whole = {"side": "segment", "from": "2026-11-22", "until": "2026-11-23", "owner": "o", "reason": "r"}
    with pytest.raises(ConfigError, match=cure):
        parse_rules({"complete": [whole | entry]}, "parity.toml")


def test_the_page_of_the_module_is_read_as_it_stands():
    """The example of the docstring."""
    assert "segment=2026-11-22T10:00..13:00" in (complete.__doc__ or "")
