"""The gates of single events, of classes and of a baseline, decided from values at each limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from answers import filled

from pipelines_client.parity.findings import BY_NAME
from pipelines_client.parity.judgement.evidence import Evidence, Population, SourceEvidence
from pipelines_client.parity.judgement.team_gates import judge_baseline, judge_rules
from pipelines_client.parity.model import ClassReport, Gate, Limits, Noise
from pipelines_client.parity.questions.rows import ComparisonsRow, DuplicatesRow, EventsRow
from pipelines_client.parity.rules import parse_rules

PASSED, FAILED, OPEN = "passed", "failed", "inconclusive"
SOURCE = SourceEvidence(rows=1000, messages=1000, duplicates=0, rejected_lines=0, files=2)
WHOLE = Population(messages=1000, compared=1000, identified=1000, named=1000, same=1000)
LEDGER = {"ledger": SOURCE}
GAP = ("a file is cut",)


def of(segment: Population = WHOLE, customerio: Population = WHOLE, **more: Any) -> Evidence:
    """Return evidence of both sides; `sources` and other fields take the place of whole ones."""
    sides = {"segment": segment, "customerio": customerio}
    sources = dict.fromkeys(sides, SOURCE) | more.pop("sources", {})
    return Evidence(1000, 0, 0, sources, sides, **more)


def class_gate(
    name: str,
    found: dict[str, int],
    limit: Any,
    whole: Evidence | None = None,
    *,
    count: int | None = None,
    **limits: Any,
) -> Gate:
    """Return the gate of a class of which so much was found at each side."""
    kind = BY_NAME[name]
    report = ClassReport(
        name=name,
        title=kind.title,
        unit=kind.unit,
        count=sum(found.values()) if count is None else count,
        sides={"segment": 0, "customerio": 0} | found,
        meaning=kind.meaning,
        advice=kind.advice,
        rows=(),
    )
    gates = parse_rules({"gates": {"classes": {name: {"max": limit}}, **limits}}, "x").gates
    (gate,) = judge_rules(gates, of() if whole is None else whole, [], [], [report], {})
    return gate


@pytest.mark.parametrize(
    ("found", "limit", "expected"),
    [
        ({"segment": 5}, 5, (PASSED, 5, "rows")),
        ({"segment": 6}, 5, (FAILED, 6, "rows")),
        ({"segment": 3, "customerio": 3}, 5, (FAILED, 6, "rows")),
        ({"segment": 5}, "0.5%", (PASSED, 0.5, "%")),
        ({"segment": 6}, "0.5%", (FAILED, 0.6, "%")),
        ({"segment": 5, "customerio": 7}, "0.5%", (FAILED, 0.7, "%")),
        ({"segment": 7, "customerio": 5}, "0.5%", (FAILED, 0.7, "%")),
        ({}, 0, (PASSED, 0, "rows")),
        ({}, "0%", (PASSED, 0, "%")),
    ],
)
def test_a_count_is_of_all_and_a_share_of_the_worse_side(found, limit, expected):
    """At the limit it passes."""
    gate = class_gate("duplicates", found, limit)
    assert (gate.result, gate.actual, gate.unit) == expected
    assert (gate.kind, gate.subject) == ("class", "duplicates")


def test_a_share_says_of_which_messages_at_which_side():
    """A count, and a share of nothing, do not."""
    few = replace(WHOLE, messages=200)
    assert "; 5 of 200 at Customer.io" in class_gate("duplicates", {"customerio": 5}, "9%", of(WHOLE, few)).evidence
    for found, limit in (({"customerio": 5}, 9), ({}, "9%")):
        assert "at Customer.io" not in class_gate("duplicates", found, limit, of(WHOLE, few)).evidence
    assert class_gate("duplicates", {"segment": 1}, 9).evidence.startswith("1 row: ")
    assert class_gate("duplicates", {"segment": 2}, 9).evidence.startswith("2 rows: ")


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("missing", {"messages": 380, "missing": 20}),
        ("identity", {"identified": 400}),
        ("drift", {"compared": 400}),
        ("renamed", {"named": 400}),
        ("duplicates", {"messages": 400}),
    ],
)
def test_a_share_is_of_the_messages_that_the_class_is_about(name, there):
    """Of all counts of the side only one is 400."""
    side = replace(WHOLE, **there)
    assert class_gate(name, {"segment": 4}, "50%", of(side, side)).actual == 1


@pytest.mark.parametrize("name", ["call_type", "time", "context"])
def test_the_share_of_a_dimension_is_of_what_was_compared_in_it_at_that_side(name):
    """If nothing was compared at any side, nothing found is not a pass; one side is enough."""

    def gate(found: int, limit: Any, *sides: str) -> Gate:
        rows = {(name, side): filled(ComparisonsRow, dimension=name, side=side, compared=200) for side in sides}
        return class_gate(name, {"segment": found}, limit, of(comparisons=rows))

    assert (gate(2, "1%", "segment").result, gate(2, "1%", "segment").actual) == (PASSED, 1)
    assert gate(3, "1%", "segment").result == FAILED
    assert (gate(0, 0, "customerio").result, gate(0, 0, "segment").result) == (PASSED, PASSED)
    assert gate(0, 0).result == OPEN
    assert gate(0, 0).evidence.endswith(" was not compared")
    assert gate(3, 0).result == FAILED
    assert class_gate("duplicates", {}, 0, of(comparisons={})).result == PASSED


@pytest.mark.parametrize(("min_events", "result"), [(1000, FAILED), (1001, OPEN)])
def test_a_share_takes_enough_messages_and_a_count_takes_none(min_events, result):
    """A rate of few messages proves nothing."""
    gate = class_gate("duplicates", {"segment": 9}, "0.5%", min_events=min_events)
    assert gate.result == result
    assert gate.evidence.endswith("which proves nothing while evidence is short") is (result == OPEN)
    assert class_gate("duplicates", {"segment": 9}, 5, min_events=min_events).result == FAILED


@pytest.mark.parametrize(
    ("name", "sources", "says"),
    [
        ("foreign_writers", {}, "only a ledger shows this: give --ledger"),
        ("foreign_writers", LEDGER, ""),
        ("missing", {}, ""),
        ("missing", {"segment": replace(SOURCE, messages=0)}, "only two sources that have messages show this"),
        ("missing", LEDGER | {"segment": replace(SOURCE, messages=0)}, ""),
        ("duplicates", {"segment": replace(SOURCE, messages=0)}, ""),
    ],
)
def test_a_class_that_the_sources_cannot_show_does_not_pass(name, sources, says):
    """A source without messages is none."""
    gate = class_gate(name, {}, 0, of(sources=sources))
    assert gate.result == (OPEN if says else PASSED)
    assert gate.evidence.endswith(says)


@pytest.mark.parametrize(("name", "population"), [("drift", "compared"), ("identity", "identified")])
@pytest.mark.parametrize(("count", "other", "result"), [(100, 100, PASSED), (99, 100, OPEN), (100, 99, OPEN)])
def test_a_class_of_what_was_compared_too_rarely_at_a_side_does_not_pass(name, population, count, other, result):
    """At either side; what was found beside it is proof all the same."""
    whole = of(*(replace(WHOLE, **{population: each}) for each in (count, other)))
    assert class_gate(name, {}, 0, whole).result == result
    assert class_gate(name, {"segment": 1}, 0, whole).result == FAILED


@pytest.mark.parametrize(
    ("name", "more", "result"),
    [
        ("empty_days", {}, OPEN),
        ("duplicates", {"sources": {"ledger": replace(SOURCE, gaps=GAP)}}, FAILED),
        ("foreign_writers", {"sources": LEDGER}, FAILED),
        ("foreign_writers", {"sources": {"ledger": replace(SOURCE, rejected_lines=1)}}, OPEN),
        ("volume_shifts", {}, FAILED),
        ("volume_shifts", {"sources": {"segment": replace(SOURCE, gaps=GAP)}}, OPEN),
        ("volume_shifts", {"sources": {"segment": replace(SOURCE, uncovered=GAP)}}, OPEN),
        ("volume_shifts", {"sources": {"segment": replace(SOURCE, rejected_lines=3)}}, FAILED),
        ("volume_shifts", {"sources": {"segment": replace(SOURCE, rejected_lines=4)}}, OPEN),
        ("volume_shifts", {"sources": dict.fromkeys(("segment", "ledger"), replace(SOURCE, rejected_lines=2))}, OPEN),
        ("drift", {}, FAILED),
        ("drift", {"unproven_drift": 3}, FAILED),
        ("drift", {"unproven_drift": 4}, OPEN),
    ],
)
def test_of_nine_findings_over_a_limit_of_five_those_count_that_nothing_else_explains(name, more, result):
    """Four may be explained otherwise: then five are left, which is the limit."""
    gate = class_gate(name, {"segment": 9}, 5, of(**more), count=9)
    assert gate.result == result
    assert gate.evidence.endswith("which proves nothing while evidence is short") is (result == OPEN)


@pytest.mark.parametrize("name", ["duplicates", "foreign_writers", "volume_shifts", "drift"])
def test_one_finding_over_a_limit_of_none_is_proof_where_nothing_is_in_doubt(name):
    """Also if others of its kind can be explained."""
    assert class_gate(name, {"segment": 1}, 0, of(sources=LEDGER)).result == FAILED


def test_a_share_of_no_side_is_none():
    """A ledger alone."""
    gate = class_gate("duplicates", {}, "0.5%", Evidence(1000, 0, 0, LEDGER, {}))
    assert (gate.result, gate.actual) == (PASSED, 0)


@pytest.mark.parametrize(
    ("segment", "customerio", "more", "limit", "result"),
    [
        ({"missing": 9}, {"missing": 0}, {}, 5, FAILED),
        ({"missing": 9, "proven_missing": 5}, {}, {"segment": replace(SOURCE, gaps=GAP)}, 5, OPEN),
        ({"missing": 9, "proven_missing": 6}, {}, {"segment": replace(SOURCE, gaps=GAP)}, 5, FAILED),
        ({"missing": 3}, {"missing": 6}, {"segment": replace(SOURCE, gaps=GAP)}, 5, FAILED),
        ({"missing": 4}, {"missing": 5}, {"segment": replace(SOURCE, gaps=GAP)}, 5, OPEN),
        ({"missing": 9}, {"missing": 0}, {}, "0.5%", FAILED),
        ({"missing": 9, "proven_missing": 2}, {}, {"segment": replace(SOURCE, gaps=GAP)}, "0.5%", OPEN),
        ({"missing": 3}, {"missing": 6}, {"segment": replace(SOURCE, gaps=GAP)}, "0.5%", FAILED),
    ],
)
def test_missing_messages_count_that_no_gap_of_their_side_explains(segment, customerio, more, limit, result):
    """Of both sides for a count, at one of them for a share."""
    whole = of(replace(WHOLE, **segment), replace(WHOLE, **customerio), sources=more)
    found = {"segment": segment["missing"], "customerio": customerio.get("missing", 0)}
    assert class_gate("missing", found, limit, whole).result == result


@pytest.mark.parametrize(
    ("unproven", "result"), [((4, 0), OPEN), ((3, 0), FAILED), ((9, 9), OPEN), ((0, 9), FAILED), ((20, 20), OPEN)]
)
def test_a_share_of_drift_is_proven_at_a_side_whose_own_noise_does_not_explain_it(unproven, result):
    """Nine of a thousand, over a limit of half a percent; noise of both sides together does not count."""
    whole = of(*(replace(WHOLE, unproven_drift=each) for each in unproven), unproven_drift=99)
    assert class_gate("drift", {"segment": 9}, "0.5%", whole).result == result
    explained = of(replace(WHOLE, unproven_drift=9), replace(WHOLE, unproven_drift=9))
    assert class_gate("drift", {"segment": 9}, "0.01%", explained).result == OPEN


def row(event: str = "A", **counts: int) -> EventsRow:
    return filled(EventsRow, event=event, type="track", day="2026-11-02", **counts)


BOTH = {f"{name}_{side}": 10 for name in ("compared", "identified", "named") for side in ("segment", "customerio")}
SENT = {"messages": 10, "segment": 10, "customerio": 10, **BOTH}


def event_gates(own: dict[str, Any], rows: list[EventsRow], *surplus: DuplicatesRow, **more: Any) -> dict[str, Gate]:
    """Return the gates of the event A by their names."""
    gates = parse_rules({"gates": {"events": {"A": own}}}, "x").gates
    whole = more.pop("whole", of())
    found = judge_rules(gates, whole, rows, surplus, [], more.pop("unproven", {}))
    assert {gate.event for gate in found} <= {"A"}
    return {gate.name: gate for gate in found}


def test_only_limits_that_are_set_have_gates_of_the_event():
    """Beside how many there must be, which has a limit always."""
    assert set(event_gates({"max_drift": 1}, [row(**SENT)])) == {"min_events", "drift"}
    assert set(event_gates({"max_identity": 1, "max_renamed": 1}, [row(**SENT)])) == {
        "min_events",
        "identity",
        "renamed",
    }


@pytest.mark.parametrize(
    ("limit", "counts", "gate", "actual"),
    [
        ("max_identity", {"identity": 2}, "identity", 4),
        ("max_renamed", {"renamed": 2}, "renamed", 4),
        ("max_missing", {"missing_segment": 10}, "missing_segment", 50),
        ("max_drift", {"drift_customerio": 1}, "drift", 10),
    ],
)
def test_an_event_is_judged_by_its_own_rows_of_all_days(limit, counts, gate, actual):
    """And by no row of another event."""
    rows = [row(**SENT, **counts), row(**SENT, **counts), row("B", **SENT, **dict.fromkeys(counts, 999))]
    assert event_gates({limit: 0}, rows)[gate].actual == actual
    assert event_gates({limit: 0}, rows)["min_events"].actual == 20


def test_the_copies_of_an_event_are_a_share_of_its_messages():
    """Those of its own at each side, of all its rows; those of another event are not its own."""
    surplus = [
        DuplicatesRow(side, event, "track", 1, count)
        for side, event, count in (("segment", "A", 1), ("segment", "A", 2), ("customerio", "B", 9))
    ]
    gates = event_gates({"max_duplicates": "15%"}, [row(**SENT), row(**SENT)], *surplus)
    assert (gates["duplicates_segment"].actual, gates["duplicates_customerio"].actual) == (15, 0)


@pytest.mark.parametrize(
    ("unproven", "result"),
    [({}, FAILED), ({("A", "segment"): 2}, OPEN), ({("A", "segment"): 1}, FAILED), ({("B", "segment"): 2}, FAILED)],
)
def test_the_noise_of_an_event_is_its_own(unproven, result):
    """Two of ten differ, over a limit of a twentieth."""
    rows = [row(**SENT, drift_segment=2)]
    gate = event_gates({"max_drift": "5%"}, rows, unproven=unproven)["drift"]
    assert gate.result == result
    assert ("may be noise" in gate.evidence) is (("A", "segment") in unproven)


def test_the_gaps_of_a_side_are_gaps_of_its_events():
    """What is missing of an event may lie in them."""
    rows = [row(**SENT, missing_segment=5)]
    gates = [
        event_gates({"max_missing": 0}, rows, whole=of(sources=sources))["missing_segment"].result
        for sources in ({}, {"segment": replace(SOURCE, gaps=GAP)}, {"customerio": replace(SOURCE, gaps=GAP)})
    ]
    assert gates == [FAILED, OPEN, FAILED]


def test_events_come_before_classes_in_the_order_of_the_file():
    """A class has the limit of its own."""
    values = {"gates": {"events": {"B": {"max_drift": 0}, "A": {"max_drift": 0}}, "classes": {}}}
    found = judge_rules(parse_rules(values, "x").gates, of(), [row(**SENT), row("B", **SENT)], [], [], {})
    assert [gate.event for gate in found] == ["B", "B", "A", "A"]


@pytest.mark.parametrize(
    ("compared", "min_events", "gaps", "result"),
    [
        (100, 100, (), PASSED),
        (99, 100, (), OPEN),
        (100, 100, GAP, OPEN),
        (1, 0, (), PASSED),
        (0, 0, (), OPEN),
        (1, 1, (), PASSED),
        (1, 2, (), OPEN),
    ],
)
def test_a_baseline_is_whole_and_has_enough_messages(compared, min_events, gaps, result):
    """As many as a rate takes, and never none."""
    noise = Noise(side="segment", path="p", compared=9, baseline_compared=compared, rows=(), gaps=gaps)
    (gate,) = judge_baseline(noise, Limits(min_events=min_events))
    assert (gate.result, gate.actual, gate.limit) == (result, compared, min_events)
    is_few = compared < max(1, min_events)
    assert ("too few to measure its noise" in gate.evidence) is is_few
    assert gate.evidence.endswith("it has gaps: a file is cut") is bool(gaps)


def test_without_a_baseline_there_is_no_gate_on_it():
    """Nothing was asked."""
    assert judge_baseline(None, Limits()) == ()
