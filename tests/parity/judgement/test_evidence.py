"""Shares and minimums are of the messages that were meant for a side, whatever else the other side received."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from evidence import SIDES, START, Evidence
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines_client.parity import Limits, ParityOptions, run_parity
from pipelines_client.parity.judgement.evidence import Population
from pipelines_client.parity.model import Verdict
from pipelines_client.parity.rules import parse_rules
from pipelines_client.state.runfile import LegReport, RunFile

SHADOW = 150
FATES = ("there", "there", "there", "skipped", "lost", "rejected", "dropped")
DIFFERENCES = ("drift", "identity", "renamed", "twice")


def gate_of(report, name, event=""):
    return next(gate for gate in report.gates if (gate.name, gate.event) == (name, event))


@pytest.fixture
def shadow(tmp_path):
    """Fifteen hundred messages at Segment, of which one in ten was meant for Customer.io too."""
    evidence = Evidence(tmp_path, count=10 * SHADOW)
    for index, sent in enumerate(evidence.messages):
        if index % 10:
            sent.not_sent("customerio", "skipped", "cohort")
    return evidence


def both(evidence):
    return evidence.messages[::10]


def test_a_clean_shadow_passes_and_says_what_arrived_at_each_side(shadow, compare):
    """The few at Customer.io are all that were meant for it."""
    report = compare(shadow.paths())
    assert report.verdict is Verdict.PASS, report.headline
    assert report.headline == (
        "1,500 of 1,500 messages meant for Segment and 150 of 150 messages meant for Customer.io arrived the same."
    )
    assert {side: there.meant for side, there in report.totals.sides.items()} == {"segment": 1500, "customerio": 150}


def test_a_few_messages_at_a_side_are_too_few_whatever_the_other_has(shadow, compare):
    """The minimum is one of each side, to the message."""
    for wanted, verdict in ((SHADOW, Verdict.PASS), (SHADOW + 1, Verdict.INCONCLUSIVE)):
        report = compare(shadow.paths(), limits=Limits(min_events=wanted))
        assert report.verdict is verdict
        assert gate_of(report, "min_events").actual == SHADOW
    assert "150 messages meant for Customer.io and 1,500 messages meant for Segment" in report.headline
    assert "a rate takes 151 at each side" in report.headline


def _drift(sent) -> None:
    sent.payload("customerio")["price"] = "9.5"


def _identity(sent) -> None:
    sent.sides["customerio"]["userId"] = "another"


def _rename(sent) -> None:
    sent.sides["customerio"]["event"] = "Feature used"


def _twice(sent) -> None:
    sent.copies["customerio"] = 2


def _lose(sent) -> None:
    sent.lose("customerio")


@pytest.mark.parametrize(
    ("plant", "name"),
    [
        (_drift, "drift"),
        (_identity, "identity"),
        (_rename, "renamed"),
        (_twice, "duplicates"),
        (_lose, "missing"),
    ],
)
def test_no_share_of_a_shadow_is_diluted(shadow, compare, plant, name):
    """Three of 150 are 2 % of Customer.io's messages, and neither over all nor as a class are they 3 of 1,500."""
    for sent in both(shadow)[3:6]:
        plant(sent)
    rules = parse_rules({"gates": {"max_identity": 5, "max_renamed": 5, "classes": {name: {"max": "1%"}}}}, "x")
    report = compare(shadow.paths(), rules=rules)
    over_all = gate_of(report, f"{name}_customerio" if name in ("duplicates", "missing") else name)
    if over_all.unit == "%":
        assert (over_all.result, over_all.actual) == ("failed", 2)
    gate = gate_of(report, f"class_{name}")
    assert (gate.result, gate.actual) == ("failed", 2)
    assert "3 of 150 at Customer.io" in gate.evidence
    assert "3 of 150" in over_all.evidence or "3 rows of Customer.io repeat one of 150" in over_all.evidence
    (row,) = report.events
    assert row.meant == {"segment": 1500, "customerio": 150}
    assert row.health == (100 if name == "duplicates" else 98)


def test_the_limit_of_an_event_is_judged_at_each_side(shadow, compare):
    """Twenty orders at Segment and three at Customer.io are three, and an event that never came there is none."""
    for index in range(20):
        sent = shadow.track("u1", "Order Completed", {"n": index})
        if index > 2:
            sent.not_sent("customerio", "skipped", "cohort")
        shadow.track("u1", "Trial Started", {}).not_sent("customerio", "skipped", "cohort")
    shadow.track("u1", "Feature Used", {"feature": "export"})
    events = {"Order Completed": {"max_missing": 0, "min_events": 20}, "Trial Started": {"max_missing": 0}}
    report = compare(shadow.paths(), rules=parse_rules({"gates": {"events": events}}, "x"))
    assert report.verdict is Verdict.INCONCLUSIVE
    found = {event: gate_of(report, "min_events", event) for event in events}
    assert {event: (gate.result, gate.actual) for event, gate in found.items()} == {
        "Order Completed": ("inconclusive", 3),
        "Trial Started": ("inconclusive", 0),
    }
    events = {"Order Completed": {"max_missing": 0, "min_events": 3}}
    report = compare(shadow.paths(), rules=parse_rules({"gates": {"events": events}}, "x"))
    assert report.verdict is Verdict.PASS


def test_days_count_at_the_side_that_has_the_fewest(shadow, compare):
    """Customer.io got all of its messages on one day."""
    for sent in shadow.messages:
        sent.at += (sent.outcomes["customerio"][0] == "skipped") * (START.replace(day=3) - START)
    shadow.messages[-1].at = START.replace(day=3)
    rules = parse_rules({"gates": {"min_days": 2}}, "x")
    assert gate_of(compare(shadow.paths(), rules=rules), "min_days").actual == 1


def test_what_the_ledger_may_lack_is_a_share_of_the_side_with_the_fewest(shadow, compare):
    """What waits on both legs was meant for both: one of 151 is much for Customer.io."""
    paths = shadow.paths()
    (paths["ledger"] / "run").mkdir()
    RunFile({leg: LegReport(1, 1, 0, {}, {}, {}) for leg in SIDES}).write(paths["ledger"] / "run" / "w1.json")
    report = compare(paths)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "1 message may wait" in gate_of(report, "evidence_ledger").evidence
    del paths["customerio"]
    assert compare(paths).verdict is Verdict.PASS


def test_payloads_that_no_source_shows_are_no_pass_and_not_the_same(evidence, compare, tmp_path):
    """A table of ids: with a ledger alone nothing is compared; beside compared payloads of the other side it may be."""
    rows = ["id,user_id,event,sent_at"]
    rows += [f"{sent.id},{sent.call['userId']},Feature Used,{sent.at:%Y-%m-%dT%H:%M:%SZ}" for sent in evidence.messages]
    (tmp_path / "tracks.csv").write_text("\n".join(rows))
    paths = {**evidence.paths(), "segment": f"warehouse:{tmp_path}/tracks.csv"}
    report = compare(paths)
    assert gate_of(report, "drift").result == "passed"
    assert report.totals.sides["segment"].compared == 0
    assert "200 of 200 messages meant for Segment arrived, and no payload of them was compared" in report.headline
    del paths["customerio"]
    report = compare(paths)
    assert gate_of(report, "drift").result == "inconclusive"
    assert "No payload of 200 messages at Segment could be compared" in report.headline
    assert "the same" not in report.headline


def test_what_is_at_both_sides_is_a_share_of_each(shadow, compare):
    """Two of 153 are more than 1 % for Customer.io, though few for Segment."""
    for index in range(2):
        shadow.track("u1", "Feature Used", {"n": index}).is_recorded = False
    shadow.track("u1", "Feature Used", {"feature": "export"})
    rules = parse_rules({"gates": {"classes": {"foreign_writers": {"max": "1%"}}}}, "x")
    report = compare(shadow.paths(), rules=rules)
    gate = gate_of(report, "class_foreign_writers")
    assert (gate.result, gate.actual) == ("failed", pytest.approx(200 / 153))
    assert "2 of 153 at Customer.io" in gate.evidence


@pytest.mark.parametrize(
    ("count", "compared", "share"),
    [(3, 100, 3), (3, 99, 1.5), (0, 0, 0), (3, 200, 1.5)],
)
def test_where_few_were_compared_only_their_share_of_all_is_proven(count, compared, share):
    """From `min_events` on those that were compared are enough."""
    there = Population(messages=190, missing=10)
    assert there.proven_pct(count, compared, Limits()) == share
    assert there.proven_pct(count, compared, Limits(min_events=201)) == 0


message = st.tuples(*(st.tuples(st.sampled_from(FATES), st.sets(st.sampled_from(DIFFERENCES))) for _ in SIDES))


def plant(evidence, message, number):
    """Add a message with its own fate and differences at each side; return the sides that have it."""
    sent = evidence.track("u1", "Order Completed", {"n": number, "price": 9.5})
    for side, (fate, differences) in zip(SIDES, message, strict=True):
        if fate == "lost":
            sent.lose(side)
        elif fate != "there":
            sent.not_sent(side, fate, "why")
            continue
        if fate == "there":
            if "drift" in differences:
                sent.payload(side)["price"] = f"at {side}"
            if "identity" in differences:
                sent.sides[side]["userId"] = f"at {side}"
            if "renamed" in differences:
                sent.sides[side]["event"] = f"At {side}"
            sent.copies[side] += "twice" in differences


def expected(messages, side, *, has_ledger):
    """Count what a report should say of a side, from what was planted."""
    counts: Counter[str] = Counter()
    place = SIDES.index(side)
    for message in messages:
        (fate, own), (other_fate, other) = message[place], message[1 - place]
        if fate != "there":
            is_meant = fate != "skipped" if has_ledger else other_fate == "there"
            counts.update(meant=is_meant, missing=is_meant)
            continue
        is_compared = has_ledger or other_fate == "there"
        differs = own if has_ledger else own | other
        counts.update(meant=1, messages=1, compared=is_compared, identified=is_compared, named=is_compared)
        counts.update({name: is_compared and name in differs for name in ("drift", "identity", "renamed")})
        counts["same"] += is_compared and not differs & {"drift", "identity", "renamed"}
        counts["twice"] += "twice" in own
    return counts


@settings(max_examples=8)
@given(st.lists(message, min_size=1, max_size=30), st.booleans())
@example([(("there", set()), ("skipped", set()))], True)
def test_random_fates_and_differences_are_counted_at_each_side(messages, has_ledger):
    """With or without a ledger, the counts, the worst share and the sides it is of are those that were planted."""
    with TemporaryDirectory() as folder:
        evidence = Evidence(Path(folder), count=5)
        for number, message in enumerate(messages):
            plant(evidence, message, number)
        for _ in range(5):  # so that the exports reach further than what was lost
            evidence.track("u1", "Feature Used", {})
        paths = evidence.paths()
        if not has_ledger:
            del paths["ledger"]
        report = run_parity(paths, ParityOptions(limits=Limits(min_events=1)), now=START)
        usual = ((("there", frozenset()),) * 2,) * 10
        truth = {side: expected((*messages, *usual), side, has_ledger=has_ledger) for side in SIDES}
        for side, counts in truth.items():
            there = report.totals.sides[side].model_dump()
            assert there == {name: counts[name] for name in there}
            duplicates = gate_of(report, f"duplicates_{side}").actual
            assert duplicates == pytest.approx(100 * counts["twice"] / counts["messages"], rel=1e-5)
        drift = max(100 * counts["drift"] / counts["compared"] for counts in truth.values())
        assert gate_of(report, "drift").actual == pytest.approx(drift, rel=1e-5)
        assert gate_of(report, "min_events").actual == min(counts["meant"] for counts in truth.values())
