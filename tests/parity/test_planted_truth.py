"""What was planted is found, by class, and nothing else."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from pipelines_client.parity.model import Verdict

NO_CAUSES = dict.fromkeys(
    (
        "accepted_but_absent",
        "rejected",
        "dropped",
        "in_spool",
        "foreign_writer",
        "unknown",
        "in_gap",
        "skipped",
        "suppressed",
        "too_young",
        "unrelated",
        "expected",
    ),
    0,
)


def assert_nothing_found(report):
    assert report.verdict is Verdict.PASS, report.headline
    assert report.totals.matched == report.totals.messages
    assert report.totals.drift == report.identity.count == report.renamed.count == report.duplicates.count == 0
    assert not any(report.totals.missing.values())
    assert not report.samples


def test_what_arrived_the_same_on_both_sides_passes(evidence, compare):
    """Nothing planted, nothing found."""
    report = compare(evidence.paths())
    assert_nothing_found(report)
    assert report.totals.ledger.rows == 400
    assert report.totals.segment.rows == report.totals.customerio.rows == report.totals.messages == 200


def test_every_planted_fault_is_found_by_class_and_nothing_else(evidence, compare):
    """Misses with eight causes on two sides, four kinds of drift, duplicates, a rename and an identity at once."""
    m = evidence.messages
    m[1].lose("segment")
    m[2].lose("customerio")
    m[3].lose("customerio")
    m[10].not_sent("segment", "rejected", "400 bad event")
    m[11].not_sent("customerio", "rejected", "400 bad event")
    m[12].not_sent("segment", "dropped", "spool_full")
    m[13].not_sent("customerio", "dropped", "spool_full")
    m[13].not_sent("segment", "dropped", "spool_full")
    m[14].unsettled("customerio")
    m[15].unsettled("segment")
    m[16].is_recorded = False
    m[16].lose("customerio")
    m[17].is_recorded = False
    m[17].lose("segment")
    m[18].not_sent("segment", "skipped", "stage")
    m[30].payload("customerio")["price"] = "9.5"
    m[31].payload("customerio")["price"] = "9.5"
    m[32].payload("segment")["feature"] = None
    del m[33].payload("customerio")["feature"]
    m[34].payload("segment")["tags"][1] = "z"
    m[40].copies["segment"] = 3
    m[41].copies["customerio"] = 2
    m[50].sides["customerio"]["event"] = "Feature used"
    m[60].sides["segment"]["userId"] = "somebody else"
    m[61].sides["customerio"]["userId"] = "somebody else"

    report = compare(evidence.paths())

    assert report.verdict is Verdict.FAIL
    assert report.missing_by_cause["segment"] == NO_CAUSES | {
        "accepted_but_absent": 1,
        "rejected": 1,
        "dropped": 2,
        "in_spool": 1,
        "foreign_writer": 1,
        "skipped": 1,
    }
    assert report.missing_by_cause["customerio"] == NO_CAUSES | {
        "accepted_but_absent": 2,
        "rejected": 1,
        "dropped": 1,
        "in_spool": 1,
        "foreign_writer": 1,
    }
    assert report.totals.missing == {"segment": 6, "customerio": 6}
    assert report.totals.skipped == {"segment": 1, "customerio": 0}
    assert report.totals.drift == 5
    assert [(row.path, row.kind, row.count, row.sides) for row in report.drift_by_path] == [
        ("properties.price", "type", 2, {"customerio": 2}),
        ("properties.feature", "missing_key", 1, {"customerio": 1}),
        ("properties.feature", "null", 1, {"segment": 1}),
        ("properties.tags[]", "value", 1, {"segment": 1}),
    ]
    assert report.totals.segment.duplicates == 2
    assert report.totals.customerio.duplicates == 1
    assert [(row.side, row.messages, row.count) for row in report.duplicates.rows] == [
        ("segment", 1, 2),
        ("customerio", 1, 1),
    ]
    assert [(row.message_id, row.side) for row in report.identity.rows] == [
        ("m00060", "segment"),
        ("m00061", "customerio"),
    ]
    assert [(row.ledger, row.segment, row.customerio, row.count) for row in report.renamed.rows] == [
        ("Feature Used", "Feature Used", "Feature used", 1)
    ]
    assert report.totals.matched == 200 - 12 - 5 - 2 - 1
    assert report.totals.unrecorded == 2


def test_events_add_up_to_the_totals(evidence, compare):
    """The day-by-event rows count what the totals count."""
    evidence.add({"type": "identify", "userId": "u1", "traits": {"plan": "pro"}}, after=timedelta(days=1))
    evidence.messages[5].lose("customerio")
    report = compare(evidence.paths())
    assert [(row.event, row.type, row.day, row.messages) for row in report.events] == [
        ("Feature Used", "track", "2026-11-02", 200),
        ("identify", "identify", "2026-11-03", 1),
    ]
    assert sum(row.missing["customerio"] for row in report.events) == 1
    assert sum(row.matched for row in report.events) == report.totals.matched == 200


def test_spelling_is_no_drift(evidence, compare):
    """Key order, 1 against 1.0, escapes and a missing payload against an empty one are spellings."""
    m = evidence.messages
    m[1].sides["customerio"]["properties"] = dict(reversed(m[1].payload("customerio").items()))
    m[2].payload("segment")["index"] = 2.0
    m[2].payload("customerio")["price"] = 9.50
    evidence.track("u1", "Ünïcode", {"emoji": "🎉 <>/"})
    evidence.add({"type": "page", "userId": "u1", "name": "Pricing"})
    assert_nothing_found(compare(evidence.paths()))


def test_a_number_as_text_is_drift(evidence, compare):
    """`"1"` against `1` is a type."""
    evidence.messages[4].payload("customerio")["index"] = "4"
    report = compare(evidence.paths())
    assert [(row.path, row.kind, row.count) for row in report.drift_by_path] == [("properties.index", "type", 1)]


def test_spellings_of_one_instant_are_no_difference(evidence, compare):
    """Z, an offset and Unix seconds name one instant, in the columns and in the window."""
    evidence.messages[3].sides["segment"]["originalTimestamp"] = "2026-11-02T10:30:03+01:00"
    evidence.messages[4].sides["segment"]["originalTimestamp"] = evidence.messages[4].at.timestamp()
    paths = {"segment": evidence.write_segment(), "customerio": evidence.write_customerio(unix=True)}
    report = compare(paths)
    assert_nothing_found(report)
    assert {row.day for row in report.events} == {"2026-11-02"}


def test_spaces_around_an_event_name_are_no_rename(evidence, compare):
    """Customer.io trims them (FACTS C13)."""
    evidence.track("u1", "  Order Completed ", {})
    assert_nothing_found(compare(evidence.paths()))


def test_every_type_of_call_is_compared(evidence, compare):
    """Identify and group by traits, page and screen by properties; a page's name is not at Customer.io."""
    evidence.add({"type": "identify", "userId": "u1", "anonymousId": "a1", "traits": {"plan": "pro"}})
    evidence.add({"type": "page", "userId": "u1", "name": "Pricing", "properties": {"url": "/"}})
    evidence.add({"type": "screen", "anonymousId": "a1", "name": "Home", "properties": {}})
    evidence.add({"type": "group", "userId": "u1", "groupId": "g1", "traits": {"seats": 3}})
    assert_nothing_found(compare(evidence.paths()))
    evidence.messages[-1].payload("customerio")["seats"] = 4
    evidence.messages[-4].payload("segment")["plan"] = None
    report = compare(evidence.paths())
    assert [(row.path, row.kind) for row in report.drift_by_path] == [
        ("traits.plan", "null"),
        ("traits.seats", "value"),
    ]


def test_what_both_sides_changed_alike_is_drift_from_what_was_sent(evidence, compare):
    """Only the ledger can tell; it keeps a hash, so the path is the whole payload."""
    for side in ("segment", "customerio"):
        evidence.messages[7].payload(side)["price"] = 1
    report = compare(evidence.paths())
    assert [(row.path, row.kind, row.sides) for row in report.drift_by_path] == [
        ("(whole payload)", "value", {"both": 1})
    ]


def test_an_alias_that_no_export_keeps_is_expected_and_shown(evidence, compare):
    """FACTS T: it is counted apart, not as a loss and not in silence."""
    alias = evidence.add({"type": "alias", "userId": "u1", "previousId": "a1"})
    alias.lose("customerio")
    report = compare(evidence.paths())
    assert report.verdict is Verdict.PASS
    assert report.totals.expected == {"segment": 0, "customerio": 1}
    assert report.totals.missing["customerio"] == 0


def test_a_call_without_a_person_is_expected_to_be_absent_at_segment(evidence, compare):
    """Segment drops a message with neither id (FACTS S3)."""
    evidence.add({"type": "group", "groupId": "g1", "traits": {}}).lose("segment")
    assert compare(evidence.paths()).totals.expected == {"segment": 1, "customerio": 0}


def test_the_last_record_of_a_message_and_leg_counts(evidence, compare):
    """A crash repeats a record; the repeat is shown and breaks no gate."""
    path = evidence.paths()
    file = next(path["ledger"].rglob("*.jsonl"))
    lines = file.read_bytes().splitlines()
    again = json.loads(lines[0]) | {"outcome": "dropped", "finished_at": "2026-11-02T09:30:00.001Z"}
    file.write_bytes(b"\n".join([json.dumps(again).encode(), lines[0], *lines]) + b"\n")
    report = compare(path)
    assert report.verdict is Verdict.PASS
    assert report.totals.ledger.duplicates == 2
    assert report.totals.ledger.messages == 200


@pytest.mark.parametrize("layout", ["segment_unpacked", "old_names", "arrays", "unix", "sealed_ledger"])
def test_every_layout_reads_the_same(evidence, compare, layout):
    """Unpacked archives, old Customer.io names, arrays, Unix seconds and sealed ledgers tell the same truth."""
    evidence.messages[9].lose("customerio")
    evidence.messages[10].payload("customerio")["price"] = None
    report = compare(
        {
            "ledger": evidence.write_ledger(is_sealed=layout == "sealed_ledger"),
            "segment": evidence.write_segment(is_packed=layout != "segment_unpacked"),
            "customerio": evidence.write_customerio(
                is_old=layout == "old_names", as_array=layout == "arrays", unix=layout == "unix"
            ),
        }
    )
    assert report.totals.matched == 198
    assert report.totals.missing == {"segment": 0, "customerio": 1}
    assert [(row.path, row.kind) for row in report.drift_by_path] == [("properties.price", "null")]
    assert not any(source.rejected_lines for source in report.sources.values())


def test_the_same_files_give_the_same_report(evidence, compare):
    """Nothing but `generated_at` may differ, with or without a ledger's key."""
    evidence.messages[3].lose("segment")
    evidence.messages[4].sides["segment"]["userId"] = "x"
    paths = evidence.paths()
    assert compare(paths).to_json() == compare(paths).to_json()
    del paths["ledger"]
    assert compare(paths).to_json() == compare(paths).to_json()


def test_several_processes_find_the_same_as_one(evidence, compare, monkeypatch):
    """Helpers read the files apart; the report does not tell."""
    monkeypatch.setattr("pipelines_client.parity.facts.read._WORTH_A_PROCESS_BYTES", 1)
    evidence.messages[3].lose("segment")
    evidence.raw["segment"].append(b"{nope")
    paths = evidence.paths()
    assert compare(paths, processes=2).to_json() == compare(paths, processes=1).to_json()
