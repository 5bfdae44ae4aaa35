"""What a gate says of its evidence, how it is called, and what to do first if it does not pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipelines_client.parity.judgement.evidence import Evidence, Population, SourceEvidence, is_whole_but_for_gaps
from pipelines_client.parity.judgement.gate_kind import Breakdown
from pipelines_client.parity.judgement.gates import BY_KIND, KINDS, judge, title_of
from pipelines_client.parity.model import DriftRow, GapReport, Gate, GateKey, Limits

WHOLE = Population(messages=1000, compared=1000, identified=1000, named=1000, same=1000)
SOURCE = SourceEvidence(rows=1000, messages=1000, duplicates=0, rejected_lines=0, files=2)
NOWHERE = Breakdown({}, ())
MAYBE_NOISE = "; 8 of them may be noise: the baseline is too short to tell"
PATHS = tuple(
    DriftRow(path=path, kind="value", count=count, sides={}, events=()) for path, count in (("x", 9), ("y", 1))
)


def gate_of(name: str, source: SourceEvidence = SOURCE, *, min_days: int | None = None, **fields: object) -> Gate:
    """Return a gate over Customer.io, whose counts are those of a whole side but for `fields`."""
    there = replace(WHOLE, **fields)
    evidence = Evidence(there.messages, there.identity, there.renamed, {"customerio": source}, {"customerio": there})
    limits = Limits() if min_days is None else Limits(min_days=min_days)
    return {gate.name: gate for gate in judge(evidence, limits)}[name]


@pytest.mark.parametrize(
    ("name", "fields", "says"),
    [
        ("min_events", {"messages": 100}, "100 messages meant for Customer.io in the window"),
        ("min_events", {"messages": 99},
         "99 messages meant for Customer.io in the window; a rate takes 100 at each side"),
        ("min_days", {"days": (50, 50)}, "2 days of at least 50 messages at each side"),
        ("min_days", {"days": (50, 49)}, "1 day of at least 50 messages at each side; too few to judge"),
        ("missing_customerio", {"missing": 1}, "1 of 1,001 messages are not in Customer.io's export"),
        ("missing_customerio", {"missing": 2}, "2 of 1,002 messages are not in Customer.io's export"),
        ("missing_customerio", {"messages": 9, "missing": 2},
         "2 of 11 messages are not in Customer.io's export, which proves nothing while evidence is short"),
        ("too_young_customerio", {"messages": 999, "too_young": 1},
         "1 of 1,000 messages were sent after the last one that Customer.io exported"),
        ("too_young_customerio", {"messages": 998, "too_young": 2},
         "2 of 1,000 messages were sent after the last one that Customer.io exported; run again later"),
        ("drift", {"drift": 1}, "1 of 1,000 payloads at Customer.io differ"),
        ("drift", {"drift": 9}, "9 of 1,000 payloads at Customer.io differ"),
        ("drift", {"drift": 9, "unproven_drift": 8},
         f"9 of 1,000 payloads at Customer.io differ{MAYBE_NOISE}"),
        ("renamed", {}, "0 messages with another event name"),
        ("renamed", {"renamed": 1}, "1 message with another event name: 1 of 1,000 compared at Customer.io"),
    ],
)  # fmt: skip
def test_a_gate_says_what_it_counted_and_no_reservation_that_it_has_not(name, fields, says):
    """Word by word, at the limit and beside it."""
    assert gate_of(name, min_days=2 if name == "min_days" else None, **fields).evidence == says


def test_the_gate_of_a_source_names_its_gaps():
    """Those whose time is known first, and the source only once."""
    gate = gate_of("evidence_customerio")
    assert (gate.evidence, gate.limit, gate.actual) == ("2 files read whole, 1,000 rows", 0, 0)
    cut = replace(SOURCE, gaps=("a file is cut",))
    assert gate_of("evidence_customerio", cut).evidence == "Customer.io: a file is cut"
    both = gate_of("evidence_customerio", replace(cut, uncovered=("no files of noon",)), hidden=9)
    assert (both.evidence, both.actual) == ("No files of noon; Customer.io: a file is cut", 2)


@pytest.mark.parametrize(
    ("count", "ends"), [(3, "3 is missing"), (4, "3 is missing; and 1 more gap"), (60, "57 more gaps")]
)
def test_of_many_gaps_a_sentence_names_three(count, ends):
    """The gate counts all of them, and the report lists them beside the source."""
    names = tuple(f"position {number} is missing" for number in range(1, count + 1))
    gate = gate_of("evidence_customerio", replace(SOURCE, gaps=names))
    assert gate.evidence.startswith("Customer.io: position 1 is missing; position 2 is missing; ")
    assert gate.evidence.endswith(ends)
    assert len(gate.evidence) < 120
    assert gate.actual == count


@pytest.mark.parametrize(
    ("hidden", "missing", "is_covered"),
    [(0, 0, True), (0, 500, True), (1, 0, True), (1, 1, False), (2, 0, False)],
)
def test_a_side_is_covered_if_its_limit_holds_were_all_lost_that_gaps_may_hide(hidden, missing, is_covered):
    """One in a thousand, the missing ones among them; without gaps what is missing is a loss, and no gap."""
    there = replace(WHOLE, messages=1000 - hidden - missing, hidden=hidden, missing=missing)
    assert there.is_covered(Limits()) is is_covered


def test_evidence_is_whole_but_for_gaps_if_no_source_lacks_anything_of_unknown_time():
    """One source is enough for it not to be."""

    def is_whole(**ledger: object) -> bool:
        timed = replace(SOURCE, uncovered=("no files of noon",))
        sources = {"ledger": replace(SOURCE, **ledger), "customerio": timed}
        evidence = Evidence(1000, 0, 0, sources, {"customerio": replace(WHOLE, hidden=9)})
        return is_whole_but_for_gaps(evidence, Limits())

    assert is_whole()
    assert not is_whole(gaps=("a file is cut",))


def test_a_share_is_rounded_and_a_count_is_not():
    """Six digits, which are more than any limit has; of messages, each counts."""
    third = gate_of("missing_customerio", messages=2_000_000, missing=1_000_000)
    assert third.actual == 33.3333
    many = gate_of("renamed", messages=2_000_000, named=2_000_000, renamed=1_234_567)
    assert many.actual == 1_234_567


def test_without_a_side_all_messages_count():
    """A ledger alone."""
    gates = {gate.name: gate for gate in judge(Evidence(100, 0, 0, {}, {}), Limits(min_days=1))}
    assert (gates["min_events"].result, gates["min_days"].result) == ("passed", "inconclusive")
    assert gates["min_events"].evidence == "100 messages in the window"


@pytest.mark.parametrize(
    ("key", "title"),
    [
        (GateKey(kind="missing", side="segment"), "Missing at Segment"),
        (GateKey(kind="missing", side="segment", event="Login"), "Missing at Segment: Login"),
        (GateKey(kind="check", subject="paid"), "Check: paid"),
        (GateKey(kind="class", subject="noted_later"), "class_noted_later"),
        (GateKey(kind="hunch", side="segment"), "hunch_segment"),
    ],
)
def test_a_gate_has_a_title(key, title):
    """One that a later version wrote goes by its name."""
    assert title_of(key) == title


def gap(side: str, *files: str) -> GapReport:
    return GapReport(
        side=side, types=(), since="", until="", absent=9, present=0, words="", files=files, option="--complete x"
    )


@pytest.mark.parametrize(
    ("kind", "result", "breakdown", "begins"),
    [
        ("identity", "failed", NOWHERE, "See “Another identity” first"),
        ("identity", "inconclusive", NOWHERE, "Pass the key of the hosts"),
        ("evidence", "inconclusive", NOWHERE, "Get a whole export of Customer.io"),
        ("evidence", "inconclusive", Breakdown({}, (), gaps=(gap("segment"),)), "Get a whole export of Customer.io"),
        ("evidence", "inconclusive", Breakdown({}, (), gaps=(gap("customerio"),)),
         "Get what is not here of Customer.io; then"),
        ("evidence", "inconclusive", Breakdown({}, (), gaps=(gap("customerio", "a", "b"), gap("customerio", "a"))),
         "Get what is not here of Customer.io: a, b; then"),
        ("drift", "failed", NOWHERE, "None of the payloads that differ could be opened again"),
        ("drift", "failed", Breakdown({}, PATHS), "Start with x (value, 9 messages)"),
        ("related", "inconclusive", Breakdown({}, (), instead="Give the other one."), "Give the other one."),
        ("duplicates", "failed", NOWHERE, "Find who sends to Customer.io twice"),
    ],
)  # fmt: skip
def test_the_first_step_is_about_what_was_found(kind, result, breakdown, begins):
    """Of this side, of the most frequent path, and of a failure before what is open."""
    gate = replace(gate_of("min_events"), kind=kind, side="customerio", result=result)
    assert BY_KIND[kind].first_step(gate, breakdown).startswith(begins)


def test_the_first_step_of_a_loss_is_about_its_most_frequent_cause():
    """Absences that are no loss do not count, however many they are."""
    gate = gate_of("missing_customerio", missing=9)
    steps = [
        BY_KIND["missing"].first_step(gate, Breakdown({"customerio": {"skipped": 99, **causes}}, ()))
        for causes in ({"dropped": 5, "rejected": 4}, {"rejected": 4, "dropped": 5}, {"dropped": 4, "rejected": 5})
    ]
    assert steps[0] == steps[1] != steps[2]


def test_the_order_of_a_report():
    """What is over all messages, then of a source, then what a team adds."""
    assert " ".join(kind.name for kind in KINDS) == (
        "related min_events min_days evidence missing too_young drift duplicates shared_ids identity call_type renamed"
        " time context counts baseline class check"
    )
