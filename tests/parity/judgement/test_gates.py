"""Each gate at its limit, one message below it and one above it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipelines_client.parity.judgement.evidence import Evidence, Population, SourceEvidence, gaps_of
from pipelines_client.parity.judgement.gate_kind import Breakdown
from pipelines_client.parity.judgement.gates import BY_KIND, conclude, judge, unproven
from pipelines_client.parity.model import Gate, Limits, Verdict

PASSED, FAILED, OPEN = "passed", "failed", "inconclusive"
SOURCE = SourceEvidence(rows=1000, messages=1000, duplicates=0, rejected_lines=0, files=2)
WHOLE = Population(messages=1000, compared=1000, identified=1000, named=1000, same=1000)
LIMITS = Limits()
GAP = ("a file is cut",)


def seen(side: Population = WHOLE, other: Population | None = None, **more: Any) -> Evidence:
    """Return evidence of Customer.io, and of Segment if it is given; `more` are fields of the source or of all."""
    sides = {"customerio": side} if other is None else {"segment": other, "customerio": side}
    source = {name: more.pop(name) for name in list(more) if name in SourceEvidence.__dataclass_fields__}
    ledger = more.pop("ledger", None)
    sources = {name: replace(SOURCE, messages=there.messages, rows=there.messages) for name, there in sides.items()}
    sources["customerio"] = replace(sources["customerio"], **source)
    sources |= {} if ledger is None else {"ledger": ledger}
    given = {"messages": side.messages, "identity": side.identity, "renamed": side.renamed, **more}
    return Evidence(sources=sources, sides=sides, **given)


def result(name: str, evidence: Evidence, **limits: Any) -> str:
    """Return the result of a gate."""
    return {gate.name: gate.result for gate in judge(evidence, Limits(**limits))}[name]


def meant(messages: int, **fields: int) -> Population:
    """Return a side that has so many messages, all of them compared unless it is said otherwise."""
    return Population(messages=messages, **{"compared": messages, "identified": messages, "named": messages, **fields})


@pytest.mark.parametrize(
    ("least", "messages", "expected"),
    [(100, 100, PASSED), (100, 99, OPEN), (0, 1, PASSED), (0, 0, OPEN), (1, 1, PASSED)],
)
def test_enough_messages(least, messages, expected):
    """As many as are asked for, and never none; the side with fewer counts."""
    assert result("min_events", seen(meant(messages)), min_events=least) == expected
    assert result("min_events", seen(WHOLE, meant(messages)), min_events=least) == expected
    assert meant(messages).is_enough(Limits(min_events=least)) is (expected == PASSED)


@pytest.mark.parametrize(
    ("days", "expected"), [((25, 25, 25, 25), PASSED), ((24, 25, 25, 25), OPEN), ((90, 90, 90), OPEN), ((), OPEN)]
)
def test_enough_days(days, expected):
    """A day counts with its share of the messages; the side with fewer days counts."""
    whole = replace(WHOLE, days=(50,) * 9)
    for evidence in (seen(replace(WHOLE, days=days)), seen(whole, replace(WHOLE, days=days))):
        assert result("min_days", evidence, min_days=4) == expected


@pytest.mark.parametrize(("days", "expected"), [((0, 0), OPEN), ((1, 0), OPEN), ((1, 1), PASSED)])
def test_a_day_without_a_message_is_none(days, expected):
    """Even if no number of messages is asked for."""
    assert result("min_days", seen(replace(WHOLE, days=days)), min_days=2, min_events=0) == expected


def test_days_are_not_asked_for_by_default():
    """There is no gate on them."""
    assert "min_days" not in {gate.name for gate in judge(seen(), LIMITS)}


def lacking(missing: int, *, of: int = 1000, **fields: int) -> Population:
    """Return a side that lacks some of its messages."""
    return meant(of - missing, missing=missing, **fields)


LOST_LINES = replace(SOURCE, rejected_lines=1)


@pytest.mark.parametrize(
    ("side", "more", "expected"),
    [
        (lacking(1), {}, PASSED),
        (lacking(2), {}, FAILED),
        (lacking(1, of=100), {}, FAILED),
        (lacking(1, of=99), {}, OPEN),
        (lacking(9), {"gaps": GAP}, OPEN),
        (lacking(9, of=200), {"gaps": GAP}, OPEN),
        (lacking(9, proven_missing=1), {"gaps": GAP}, OPEN),
        (lacking(9, proven_missing=2), {"gaps": GAP}, FAILED),
        (lacking(3), {"rejected_lines": 2}, OPEN),
        (lacking(3), {"rejected_lines": 1}, FAILED),
        (lacking(3, foreign_missing=2), {"ledger": LOST_LINES}, OPEN),
        (lacking(3, foreign_missing=1), {"ledger": LOST_LINES}, FAILED),
        (lacking(3, foreign_missing=3), {"ledger": SOURCE}, FAILED),
        (lacking(3, foreign_missing=3), {"ledger": replace(SOURCE, gaps=GAP)}, OPEN),
    ],
)
def test_missing(side, more, expected):
    """A loss is proven by what neither a gap, an unreadable line nor a lost line of the ledger can explain."""
    assert result("missing_customerio", seen(side, **more)) == expected


@pytest.mark.parametrize(("young", "expected"), [(1, PASSED), (2, OPEN), (900, OPEN)])
def test_too_young(young, expected):
    """It never fails."""
    assert result("too_young_customerio", seen(meant(1000 - young, too_young=young))) == expected


def drifted(drift: int, compared: int, of: int, **fields: int) -> Population:
    """Return a side of whose messages so many were compared and differ."""
    return meant(of, compared=compared, drift=drift, **fields)


@pytest.mark.parametrize(
    ("side", "more", "expected"),
    [
        (drifted(1, 1000, 1000), {}, PASSED),
        (drifted(2, 1000, 1000), {}, FAILED),
        (drifted(0, 100, 2000), {}, PASSED),
        (drifted(0, 99, 2000), {}, OPEN),
        (drifted(0, 99, 99), {}, PASSED),  # `min_events` says that these are few
        (drifted(0, 0, 99), {}, OPEN),
        (drifted(0, 0, 0), {}, PASSED),
        (drifted(1, 100, 2000), {}, FAILED),
        (drifted(1, 99, 2000), {}, OPEN),
        (drifted(2, 99, 2000), {}, OPEN),
        (drifted(3, 99, 2000), {}, FAILED),
        (drifted(99, 99, 99), {}, OPEN),
        (drifted(3, 1000, 1000, unproven_drift=2), {}, OPEN),
        (drifted(3, 1000, 1000, unproven_drift=1), {}, FAILED),
        (drifted(0, 999, 1000), {"unreadable": 1}, PASSED),
        (drifted(0, 998, 1000), {"unreadable": 2}, OPEN),
        (drifted(9, 990, 1000), {"unreadable": 9}, FAILED),
    ],
)
def test_drift(side, more, expected):
    """Few payloads that could be compared prove neither that nothing differs nor a rate of those that could not be."""
    assert result("drift", seen(side, **more)) == expected


@pytest.mark.parametrize(("compared", "expected"), [(100, PASSED), (99, OPEN)])
@pytest.mark.parametrize(("drift", "limit"), [(0, 0), (1, 2)])
def test_drift_that_is_just_allowed_needs_as_many_payloads(drift, limit, compared, expected):
    """A rate at its limit is one that did not break it: few payloads do not show it, whatever the limit is."""
    side = drifted(drift, compared, 2000)
    limit_pct = limit and 100 * drift / compared
    assert result("drift", seen(side), max_drift_pct=limit_pct) == expected


@pytest.mark.parametrize(("ledger", "expected"), [(None, OPEN), (SOURCE, PASSED)])
def test_payloads_that_could_not_be_read_at_the_other_side(ledger, expected):
    """Without a ledger they may be what this side would differ from; with one, they are the other side's alone."""
    evidence = seen(WHOLE, WHOLE, ledger=ledger)
    sources = evidence.sources | {"segment": replace(evidence.sources["segment"], unreadable=2)}
    gate_at = {"customerio": evidence.sides["customerio"]}
    assert result("drift", replace(evidence, sources=sources, sides=gate_at)) == expected


def test_drift_without_a_limit_on_messages():
    """One payload is enough where no number is asked for, and none is not."""
    assert result("drift", seen(drifted(0, 1, 50)), min_events=0) == PASSED
    assert result("drift", seen(drifted(0, 0, 50)), min_events=0) == OPEN


def test_one_gate_on_drift_is_that_of_the_worse_side():
    """Failed before inconclusive before passed, then the larger share."""
    bad, unknown, good = drifted(2, 1000, 1000), drifted(0, 99, 1000), WHOLE
    for worse, better in ((bad, unknown), (bad, good), (unknown, good)):
        one, other = (result("drift", seen(each)) for each in (worse, better))
        assert result("drift", seen(worse, better)) == result("drift", seen(better, worse)) == one != other
    (gate,) = (gate for gate in judge(seen(bad, drifted(5, 1000, 1000)), LIMITS) if gate.name == "drift")
    assert gate.actual == 0.5


@pytest.mark.parametrize("reduced", [True, False])
@pytest.mark.parametrize("others", [100, 0])
def test_a_source_without_payloads_is_passed_over_if_the_other_side_has_them(reduced, others):
    """Only then: else nothing was compared."""
    evidence = seen(drifted(0, 0, 1000), drifted(0, others, 1000), is_reduced=reduced)
    assert result("drift", evidence) == (PASSED if reduced and others else OPEN)


@pytest.mark.parametrize(
    ("rows", "of", "expected"), [(1, 1000, PASSED), (2, 1000, FAILED), (9, 99, OPEN), (1, 100, FAILED)]
)
def test_duplicates(rows, of, expected):
    """A share of the side's messages."""
    assert result("duplicates_customerio", seen(meant(of), duplicates=rows)) == expected


@pytest.mark.parametrize(("gate", "limit"), [("identity", "max_identity"), ("renamed", "max_renamed")])
def test_another_identity_and_another_name(gate, limit):
    """Each message counts, however few were compared."""
    one = replace(meant(9), **{gate: 1})
    assert result(gate, seen(one)) == FAILED
    assert result(gate, seen(replace(meant(1000), **{gate: 1})), **{limit: 1}) == PASSED


@pytest.mark.parametrize(
    ("identified", "of", "expected"),
    [(100, 2000, PASSED), (99, 2000, OPEN), (0, 2000, OPEN), (99, 99, PASSED), (0, 0, PASSED)],
)
def test_identities_that_could_be_compared(identified, of, expected):
    """Few of many, or none, do not show that all are the same; a source without payloads is no excuse."""
    assert result("identity", seen(meant(of, identified=identified))) == expected
    other = meant(of, identified=100)
    assert result("identity", seen(meant(of, identified=identified), other, is_reduced=True)) == expected


def test_a_side_that_has_lost_nothing_is_not_asked_where_its_messages_went():
    """What it lacks may lie in gaps of its evidence, so the advice is to close these."""
    (gate,) = (gate for gate in judge(seen(meant(1000, hidden=9)), LIMITS) if gate.kind == "missing")
    none, some = ({"customerio": {"accepted_but_absent": count, "in_gap": 9}} for count in (0, 1))
    assert gate.result == OPEN
    assert "does not cover" in BY_KIND["missing"].first_step(gate, Breakdown(none, ()))
    assert "answered 2xx" in BY_KIND["missing"].first_step(gate, Breakdown(some, ()))


def test_a_key_that_fits_nothing_leaves_identity_unknown():
    """It is no difference, and not the same either."""
    assert result("identity", seen(key_misfits=5)) == OPEN


@pytest.mark.parametrize(
    ("name", "fields", "gaps"),
    [
        ("customerio", {"rejected_lines": 1, "rows": 999}, 0),
        ("customerio", {"rejected_lines": 2, "rows": 998}, 1),
        ("ledger", {"rejected_lines": 2, "rows": 100}, 0),
        ("ledger", {"rejected_lines": 3, "rows": 100}, 1),
        ("ledger", {"rejected_lines": 3, "rows": 999}, 0),
        ("customerio", {"unreadable": 1}, 0),
        ("customerio", {"unreadable": 2}, 1),
        ("ledger", {"waiting": 1, "messages": 999}, 0),
        ("ledger", {"waiting": 2, "messages": 998}, 1),
        ("customerio", {"gaps": GAP, "unreadable": 2}, 2),
    ],
)
def test_gaps(name, fields, gaps):
    """What is more than a limit allows is a gap; a ledger may have one torn line for each file."""
    evidence = Evidence(1000, 0, 0, {name: replace(SOURCE, **fields)}, {"customerio": WHOLE})
    assert len(gaps_of(name, evidence, LIMITS)) == gaps


def test_a_gap_leaves_its_source_open():
    """Whatever the gap is."""
    assert result("evidence_customerio", seen(gaps=GAP)) == OPEN
    assert result("evidence_customerio", seen()) == PASSED


def gate(outcome: Any) -> Gate:
    """Return any gate with a result."""
    return replace(judge(seen(), LIMITS)[0], result=outcome)


def test_a_failure_beats_short_evidence_and_short_evidence_beats_a_pass():
    """In any order."""
    for gates, verdict in (
        ((PASSED, OPEN, FAILED), Verdict.FAIL),
        ((OPEN, PASSED), Verdict.INCONCLUSIVE),
        ((PASSED, PASSED), Verdict.PASS),
    ):
        assert conclude(tuple(map(gate, gates))) is conclude(tuple(map(gate, gates[::-1]))) is verdict
    assert [each.result for each in unproven([gate(FAILED), gate(OPEN), gate(PASSED)])] == [OPEN, OPEN, PASSED]
