"""What a rule explains is counted apart, exactly and in sight; an expired rule explains nothing and says so."""

from __future__ import annotations

import json
from datetime import date

import pytest
from evidence import START, Evidence, Sent

from pipelines_client.parity.differences.expected import known_differences
from pipelines_client.parity.model import Verdict
from pipelines_client.parity.rules import Builtin, ExpectedRule, Rules

TODAY = START.date()
LAST_WEEK = date(2026, 10, 26)


def rule(expiry: date = TODAY, **fields: str) -> ExpectedRule:
    return ExpectedRule(**{"reason": "known", "owner": "kim@example.com", "expiry": expiry, **fields})


def rules(*expected: ExpectedRule, **builtin: bool) -> Rules:
    return Rules(expected=expected, builtin=Builtin(**builtin))


def rows(report):
    return {row.name: row for row in report.expected}


def sums_hold(report):
    """Whatever is taken out of the counts is taken out of each of them."""
    totals = report.totals
    assert sum(row.drift for row in report.events) == totals.drift
    for side in ("segment", "customerio"):
        assert sum(row.missing[side] for row in report.events) == totals.missing[side]
        assert (
            sum(row.count for row in report.missing_by_reason if row.side == side and row.is_counted)
            == (totals.missing[side])
        )
    bounds = report.unseen.bounds
    assert {bound.side: bound.missing for bound in bounds} == totals.missing
    assert all(row.faults >= 0 and 0 <= row.health <= 100 for row in report.events)
    faulty = {item.name: item.count for item in report.classes}
    assert faulty["drift"] == totals.drift
    assert faulty["missing"] == sum(totals.missing.values())


@pytest.fixture
def drifting(evidence):
    """Eight prices as texts, four of them with another index too; six prices of another event."""
    for sent in evidence.messages[:8]:
        sent.payload("customerio")["price"] = "9.5"
    for sent in evidence.messages[4:8]:
        sent.payload("customerio")["index"] = -1
    for index in range(6):
        evidence.track("u1", "Order Completed", {"price": index}).payload("customerio")["price"] = str(index)
    return evidence


def test_a_message_is_expected_only_if_all_that_differs_is(drifting, compare):
    """The rule counts the messages that it is about; the four that differ elsewhere stay drift, of that path only."""
    report = compare(drifting.paths(), rules=rules(rule(path="properties.price", kind="type", event="Feature *")))
    assert rows(report)["rule 1"].count == 8
    assert (report.totals.drift, report.totals.drift_expected) == (10, 4)
    found = {(row.path, row.kind): row.count for row in report.drift_by_path}
    assert found == {("properties.price", "type"): 6, ("properties.index", "value"): 4}
    sums_hold(report)
    assert {sample.cause for sample in report.samples} == {"", "expected"}


def test_what_is_expected_passes_and_what_is_not_does_not(drifting, compare):
    """A wildcard takes in any path below, a kind only its own."""
    paths = drifting.paths()
    both = rules(rule(path="properties.*", kind="type"), rule(path="properties.index"))
    report = compare(paths, rules=both)
    assert report.verdict is Verdict.PASS
    assert (report.totals.drift, report.totals.drift_expected) == (0, 14)
    sums_hold(report)
    assert compare(paths, rules=rules(rule(path="properties.*", kind="null"))).totals.drift == 14
    assert compare(paths, rules=rules(rule(path="properties"))).totals.drift == 14


def test_an_expired_rule_excuses_nothing_and_says_how_much_it_did(drifting, compare):
    """Its last day is a day on which it holds."""
    paths = drifting.paths()
    report = compare(paths, rules=rules(rule(LAST_WEEK, path="properties.*", name="prices")))
    assert report.verdict is Verdict.FAIL
    assert (report.totals.drift, report.totals.drift_expected) == (14, 0)
    assert rows(report)["prices"].is_expired
    assert rows(report)["prices"].count == 14
    assert report.advice.endswith("Expired, and counted again: “prices” of kim@example.com (14).")
    assert compare(paths, rules=rules(rule(TODAY, path="properties.*"))).verdict is Verdict.PASS


def test_a_rule_in_force_comes_before_an_expired_one(drifting, compare):
    """Renewed in a second rule, the first one counts nothing any more."""
    report = compare(drifting.paths(), rules=rules(rule(LAST_WEEK, path="*", name="old"), rule(path="*", name="new")))
    assert (rows(report)["old"].count, rows(report)["new"].count) == (0, 14)


def test_a_wildcard_is_no_word_on_a_payload_that_nobody_has_seen(evidence, compare):
    """Of the ledger only a hash is known: that it differs is excused by its own name alone."""
    evidence.messages[3].payload("customerio")["price"] = 1
    evidence.messages[3].lose("segment")
    paths = evidence.paths()
    assert compare(paths, rules=rules(rule(path="*"))).totals.drift == 1
    assert compare(paths, rules=rules(rule(path="(whole payload)"))).totals.drift == 0


@pytest.fixture
def lacking(evidence):
    """Debug Pings that Segment does not keep: absent, refused, of a foreign writer, dropped; and one that drifts."""
    pings = [evidence.track("u1", "Debug Ping", {"n": index}) for index in range(9)]
    for sent in pings[:3]:
        sent.lose("segment")
    pings[3].not_sent("segment", "rejected", "400 not in the plan")
    pings[4].not_sent("segment", "dropped", "spool_full")
    pings[5].lose("segment")
    pings[5].is_recorded = False
    pings[6].lose("segment")
    pings[6].payload("customerio")["n"] = "six"
    pings[7].lose("segment")
    pings[7].not_sent("customerio", "dropped", "spool_full")
    evidence.messages[5].lose("segment")
    for index in range(3):  # so that none of the above is too young to tell
        evidence.track("u1", "Feature Used", {"last": index})
    return evidence


def test_an_absence_that_a_rule_explains_is_no_loss(lacking, compare):
    """What we dropped ourselves is one all the same; so is what another event lacks."""
    report = compare(lacking.paths(), rules=rules(rule(kind="missing", event="Debug *", side="segment", name="pings")))
    assert rows(report)["pings"].count == 7
    assert report.totals.missing == {"segment": 2, "customerio": 1}
    assert report.totals.expected == {"segment": 7, "customerio": 0}
    assert report.missing_by_cause["segment"]["dropped"] == 1
    (pings,) = [row for row in report.events if row.event == "Debug Ping"]
    assert (pings.missing, pings.faults) == ({"segment": 1, "customerio": 1}, 3)
    sums_hold(report)


def test_a_rule_for_one_side_says_nothing_of_the_other(lacking, compare):
    """And an expired one counts what is a loss again."""
    paths = lacking.paths()
    assert compare(paths, rules=rules(rule(kind="missing", side="customerio"))).totals.missing["segment"] == 9
    report = compare(paths, rules=rules(rule(LAST_WEEK, kind="missing", event="Debug Ping", name="pings")))
    assert (rows(report)["pings"].count, report.totals.missing["segment"]) == (7, 9)
    sums_hold(report)


def test_a_replay_leaves_out_what_is_expected(lacking, compare, tmp_path):
    """It would not arrive either."""
    paths, listed = lacking.paths(), tmp_path / "replay.jsonl"
    compare(paths, replay_list=listed, rules=rules(rule(kind="missing", event="Debug *")))
    found = [json.loads(line) for line in listed.read_text().splitlines()]
    assert sorted((line["event"], line["side"], line["cause"]) for line in found) == [
        ("Debug Ping", "customerio", "dropped"),
        ("Debug Ping", "segment", "dropped"),
        ("Feature Used", "segment", "accepted_but_absent"),
    ]


def test_the_rules_of_ours_know_what_the_vendors_do(evidence, compare):
    """FACTS T: aliases, calls without a person, values and names over a limit. Each can be switched off."""
    evidence.add({"type": "alias", "userId": "u1", "previousId": "a1"}).lose("customerio")
    evidence.add({"type": "group", "groupId": "g1", "traits": {}}).lose("segment")
    long, name = "é" * 600, "n" * 151
    _identify(evidence, note=long).payload("customerio")["note"] = "é" * 500
    _identify(evidence, note=long).payload("customerio")["note"] = "é" * 400
    del _identify(evidence, **{name: 1}).payload("customerio")[name]
    for index in range(3):
        evidence.track("u1", "Feature Used", {"last": index})
    paths = evidence.paths()
    report = compare(paths)
    counts = {row.name: row.count for row in report.expected}
    assert counts == {"alias": 1, "groupid_only": 1, "value_cut": 1, "long_name": 1}
    assert (report.totals.drift, report.totals.drift_expected) == (1, 2)
    assert report.totals.missing == {"segment": 0, "customerio": 0}
    sums_hold(report)
    off = compare(paths, rules=rules(alias=False, groupid_only=False, value_cut=False, long_name=False))
    assert off.totals.drift == 3
    assert off.totals.missing == {"segment": 1, "customerio": 1}
    assert off.expected == ()


def test_the_replaced_half_of_a_cut_character_is_a_cut(evidence, compare):
    """1,000 bytes may end within a character; what is much shorter was cut by something else."""
    _identify(evidence, note="日" * 400).payload("customerio")["note"] = "日" * 333 + "\N{REPLACEMENT CHARACTER}"
    assert compare(evidence.paths()).totals.drift_expected == 1


def test_properties_of_events_have_no_such_limits(evidence, compare):
    """Customer.io cuts attributes (FACTS C13): what is cut or gone in an event is drift."""
    long, name = "x" * 4000, "n" * 151
    evidence.track("u1", "Feature Used", {"note": long}).payload("customerio")["note"] = long[:1000]
    evidence.add({"type": "page", "userId": "u1", "properties": {"url": long}}).payload("customerio")["url"] = long[
        :1000
    ]
    del evidence.track("u1", "Feature Used", {name: 1}).payload("customerio")[name]
    totals = compare(evidence.paths()).totals
    assert (totals.drift, totals.drift_expected) == (3, 0)


def test_a_flat_key_is_not_explained_by_a_rule_for_a_nested_one(evidence, compare):
    """`properties.price.amount` is a key within an object; the key "price.amount" is written in quotes."""
    both = {"price": {"amount": 1}, "price.amount": 5}
    evidence.track("u1", "Feature Used", both).payload("customerio")["price"] = {"amount": 2}
    evidence.track("u1", "Feature Used", both).payload("customerio")["price.amount"] = 99
    paths = evidence.paths()
    nested = compare(paths, rules=rules(rule(path="properties.price.amount")))
    assert [(row.path, row.count) for row in nested.drift_by_path] == [('properties."price.amount"', 1)]
    flat = compare(paths, rules=rules(rule(path='properties."price.amount"')))
    assert [(row.path, row.count) for row in flat.drift_by_path] == [("properties.price.amount", 1)]


def _identify(evidence: Evidence, **traits: object) -> Sent:
    return evidence.add({"type": "identify", "userId": "u1", "traits": traits})


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", {"a.b"}),
        ("a*", {"a.b", "axb", "a", "a\nb", "aXbXc"}),
        ("*b", {"a.b", "axb", "a\nb", "b"}),
        ("a*b*c", {"aXbXc"}),
        ("a**b", {"a.b", "axb", "a\nb"}),
        ("*a*b*", {"a.b", "axb", "a\nb", "aXbXc"}),
        ("*", {"a.b", "axb", "a", "b", "a\nb", "aXbXc"}),
        ("*b*b", set()),
    ],
)
def test_a_star_stands_for_any_characters(path, found):
    """Several of them too; what is beside them is to the letter."""
    (known, *_) = known_differences(rules(rule(path=path)), date(2026, 11, 2))
    assert {text for text in ("a.b", "axb", "a", "b", "a\nb", "aXbXc") if known.path.fullmatch(text)} == found


def test_many_stars_take_no_longer_than_one():
    """A path of thousands of letters that nearly fits took for ever."""
    (known, *_) = known_differences(rules(rule(path="*a" * 150 + "z")), date(2026, 11, 2))
    assert known.path.fullmatch("a" * 4000) is None
    assert known.path.fullmatch("a" * 4000 + "z") is not None
