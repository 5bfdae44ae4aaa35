"""Each dimension of a message is the same, different, or not compared; what is not compared is never the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from answers import filled
from exports import rewrite

from pipelines_client.clock import iso_utc
from pipelines_client.parity.judgement.dimension_gates import CALL_TYPE, TIME
from pipelines_client.parity.judgement.dimensions import by_dimension, dimension_rows, identifiers_lacking
from pipelines_client.parity.judgement.evidence import Evidence
from pipelines_client.parity.model import Limits, Verdict
from pipelines_client.parity.questions.rows import ComparisonsRow
from pipelines_client.parity.rules import parse_rules

WRONG_KEY = "ab" * 32
CALLS = (
    {"type": "page", "userId": "u1", "anonymousId": "a1", "name": "Home", "properties": {}},
    {"type": "screen", "userId": "u1", "anonymousId": "a1", "name": "Main", "properties": {}},
    {"type": "group", "userId": "u1", "anonymousId": "a1", "groupId": "g1", "traits": {}},
    {"type": "alias", "userId": "u1", "previousId": "p1"},
    {"type": "track", "userId": "u1", "anonymousId": "a1", "event": "Login", "properties": {}},
    {"type": "track", "anonymousId": "a1", "event": "Login", "properties": {}},
)
PAGE, SCREEN, GROUP, ALIAS, LOGIN, VISIT = range(6)


@pytest.fixture
def several(evidence):
    """Evidence with one call of each kind more, and those calls."""
    first = len(evidence.messages)
    for call in CALLS:
        evidence.add(call)
    return evidence, evidence.messages[first:]


def dimension(report, name, side="segment"):
    """Return a row of what was compared."""
    return next(row for row in report.compared_dimensions if (row.dimension, row.side) == (name, side))


def failed(report):
    return {gate.kind for gate in report.gates if gate.result == "failed"}


@pytest.mark.parametrize("without", ["", "ledger"])
@pytest.mark.parametrize(
    ("which", "change", "name", "gate"),
    [
        (SCREEN, {"type": "page"}, "call_type", "call_type"),
        (GROUP, {"type": "identify"}, "call_type", "call_type"),
        (GROUP, {"groupId": "g2"}, "group_id", "identity"),
        (GROUP, {"traits": {"object_type_id": "2"}}, "object_type", "identity"),
        (ALIAS, {"previousId": "p2"}, "previous_id", "identity"),
        (ALIAS, {"previousId": "u1", "userId": "p1"}, "previous_id", "identity"),
        (LOGIN, {"anonymousId": None}, "anonymous_id", "identity"),
        (LOGIN, {"anonymousId": "u1", "userId": "a1"}, "user_id", "identity"),
        (LOGIN, {"userId": None}, "user_id", "identity"),
        (VISIT, {"anonymousId": "a2"}, "anonymous_id", "identity"),
        (VISIT, {"userId": "u9"}, "user_id", "identity"),
        (VISIT, {"event": "Signup"}, "event_name", "renamed"),
    ],
)
def test_what_a_side_changes_is_different_in_that_dimension(several, compare, which, change, name, gate, without):
    """With a ledger it is the side's own difference; without one it counts at both."""
    evidence, made = several
    made[which].sides["segment"].update(change)
    report = compare({source: path for source, path in evidence.paths().items() if source != without})
    assert gate in failed(report)
    assert report.verdict is Verdict.FAIL
    row = dimension(report, name)
    assert (row.different, row.answer) == (1, "different")
    other = dimension(report, name, "customerio")
    is_known = not without and name in ("call_type", "user_id", "event_name")
    assert (other.different, other.answer) == ((0, "same") if is_known else (1, "different"))


def test_another_name_of_a_page_is_a_difference_from_the_ledger(several, compare):
    """Customer.io's files have no names of pages, so there the name is not compared."""
    evidence, made = several
    made[PAGE].sides["segment"]["name"] = "Start"
    report = compare(evidence.paths())
    assert failed(report) == {"renamed"}
    assert dimension(report, "page_name").different == 1
    assert dimension(report, "page_name", "customerio").answer == "not_compared"


@pytest.mark.parametrize(("shift", "is_another"), [(0.9, False), (-0.9, False), (3600, True), (-7200, True), (2, True)])
def test_another_time_is_a_difference_of_more_than_a_second(evidence, compare, shift, is_another):
    """Some sources cut milliseconds; an hour is a time zone."""
    for sent in evidence.messages[:20]:
        sent.sides["segment"]["originalTimestamp"] = iso_utc(sent.at + timedelta(seconds=shift))
    report = compare(evidence.paths())
    assert failed(report) == ({"time"} if is_another else set())
    assert dimension(report, "time").compared == 200
    assert dimension(report, "time", "customerio").answer == "not_compared"


def test_a_recomputed_timestamp_is_no_time_of_the_event(evidence, compare):
    """Without `originalTimestamp`, an archive's `timestamp` is corrected by the clocks (FACTS S7)."""
    for sent in evidence.messages:
        sent.sides["segment"]["originalTimestamp"] = None
    report = compare(evidence.paths())
    assert dimension(report, "time").answer == "not_compared"
    assert report.verdict is Verdict.PASS


def without_anonymous_ids(evidence, form):
    """Return the paths of evidence whose storage files are tables without a column of anonymous ids."""
    paths = evidence.paths()
    for path in paths["customerio"].glob("*.json"):
        path.write_text(path.read_text().replace('"anonymous_id"', '"renamed"'))
    rewrite(paths["customerio"], form)
    return paths


def test_a_csv_without_its_column_of_anonymous_ids_leaves_identity_open(several, compare):
    """The column belongs there (FACTS C19), so what it would show of the calls with such an id is unknown."""
    evidence, made = several
    report = compare(without_anonymous_ids(evidence, "csv"))
    gate = next(gate for gate in report.gates if gate.kind == "identity")
    assert gate.result == "inconclusive"
    assert "anonymousId is lacking" in gate.evidence
    assert report.verdict is Verdict.INCONCLUSIVE
    with_one = sum("anonymousId" in sent.call for sent in made)
    assert dimension(report, "anonymous_id", "customerio").lacking == with_one > 0


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("without", ["", "ledger"])
def test_a_column_that_would_be_empty_hides_nothing(evidence, compare, form, without):
    """No message at Segment has an anonymous id: a table that leaves the column out lacks none."""
    paths = without_anonymous_ids(evidence, form)
    report = compare({source: path for source, path in paths.items() if source != without})
    row = dimension(report, "anonymous_id", "customerio")
    assert (row.lacking, row.answer) == (0, "not_compared")
    assert report.verdict is Verdict.PASS, report.headline


def test_named_paths_of_the_context_are_compared_and_no_others(several, compare):
    """A path that no message has is the same."""
    evidence, _ = several
    for sent in evidence.messages:
        sent.library = {"name": "x"}
    report = compare(evidence.paths(), rules=parse_rules({"compare": {"context": ["library.name", "no.where"]}}, "r"))
    row = dimension(report, "context")
    assert (row.compared, row.answer) == (len(evidence.messages), "same")
    assert not any(row.dimension == "context" for row in compare(evidence.paths()).compared_dimensions)


def test_a_key_that_fits_no_person_is_said_and_names_nobody_else(evidence, compare, monkeypatch):
    """A wrong key makes another hash of each person: the key is wrong, not the messages."""
    paths = evidence.paths()
    (paths["ledger"] / "identity.key").unlink()
    monkeypatch.setenv("PIPELINES_LEDGER_KEY", WRONG_KEY)
    report = compare(paths)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.identity.count == 0
    assert "PIPELINES_LEDGER_KEY does not fit this ledger" in report.headline
    assert "identity.key" in report.advice


def test_a_difference_between_the_exports_is_proof_whatever_the_key(evidence, compare, monkeypatch):
    """The two sides are hashed with one key of ours."""
    evidence.messages[5].sides["segment"]["userId"] = "x"
    paths = evidence.paths()
    (paths["ledger"] / "identity.key").unlink()
    monkeypatch.setenv("PIPELINES_LEDGER_KEY", WRONG_KEY)
    report = compare(paths)
    assert failed(report) == {"identity"}
    assert report.identity.count == 1


def test_nothing_compared_is_not_the_same():
    """Three answers, and an order of dimensions; the row of both sides together is for the gates."""
    rows = [
        filled(ComparisonsRow, dimension="time", side="segment", messages=3),
        filled(ComparisonsRow, dimension="payload", side="segment", messages=3, compared=2),
        filled(ComparisonsRow, dimension="payload", side="", messages=3, compared=2),
        filled(ComparisonsRow, dimension="context", side="segment", messages=3, compared=3, different=1),
    ]
    shown = dimension_rows(by_dimension(rows, names_context=True), ["segment"])
    assert [(row.dimension, row.answer) for row in shown] == [
        ("payload", "same"), ("time", "not_compared"), ("context", "different"),
    ]  # fmt: skip
    assert [row.dimension for row in dimension_rows(by_dimension(rows, names_context=False), ["segment"])] == [
        "payload",
        "time",
    ]


@pytest.mark.parametrize(("lacking", "says"), [(0, ""), (1, ""), (2, "2 of 1,000 messages could not be compared")])
def test_identifiers_may_lack_as_much_as_may_differ(lacking, says):
    """One in a thousand is the limit of drift."""
    row = filled(ComparisonsRow, dimension="group_id", compared=1000 - lacking, lacking=lacking)
    found = identifiers_lacking(by_dimension([row], names_context=False), Limits())
    assert found.startswith(says)
    assert bool(found) is bool(says)


def time_gate(*, side="segment", given=("segment",), min_events=100, **counts: int):
    """Return the gate of the time at Segment, with counts of what was compared; None if there is none."""
    row = filled(ComparisonsRow, dimension="time", side=side, **counts)
    comparisons = by_dimension([row], names_context=False)
    evidence = Evidence(0, 0, 0, dict.fromkeys(given), {}, comparisons=comparisons)
    return next(iter(TIME.judge(evidence, Limits(min_events=min_events))), None)


@pytest.mark.parametrize(
    ("counts", "result"),
    [
        ({"compared": 100, "different": 1}, "failed"),
        ({"compared": 99, "different": 1}, "inconclusive"),
        ({"compared": 1, "different": 1, "min_events": 0}, "failed"),
        ({"compared": 1, "different": 1, "min_events": 1}, "failed"),
        ({"compared": 1, "different": 1, "min_events": 2}, "inconclusive"),
        ({"compared": 1000, "different": 1}, "passed"),
        ({"compared": 999, "lacking": 1}, "passed"),
        ({"compared": 998, "lacking": 2}, "inconclusive"),
        ({"compared": 100, "lacking": 100, "different": 1}, "failed"),
        ({"lacking": 5}, "inconclusive"),
        ({"compared": 5, "lacking": 5}, "inconclusive"),
    ],
)
def test_another_time_is_proven_by_as_many_as_a_rate_takes(counts, result):
    """At the limits: of messages, of differences, and of those that lack it, which a failure outweighs."""
    assert time_gate(**counts).result == result


def test_what_no_message_shows_and_a_side_that_was_not_given_have_no_gate():
    """Nothing compared and nothing lacking gives no judgement, nor is the row of both sides together."""
    assert time_gate(messages=500) is None
    assert time_gate(side="", compared=500) is None
    assert time_gate(given=("customerio",), compared=500) is None


@pytest.mark.parametrize(("side", "counts", "result"), [
    ("", {"compared": 9, "different": 1}, "failed"),
    ("", {"compared": 9}, "passed"),
    ("", {"messages": 9}, None),
    ("segment", {"compared": 9, "different": 1}, None),
])  # fmt: skip
def test_another_call_type_counts_once_for_both_sides(side, counts, result):
    """One is proof, however few there are."""
    row = filled(ComparisonsRow, dimension="call_type", side=side, **counts)
    evidence = Evidence(0, 0, 0, {}, {}, comparisons=by_dimension([row], names_context=False))
    gates = list(CALL_TYPE.judge(evidence, Limits()))
    assert [gate.result for gate in gates] == ([] if result is None else [result])
