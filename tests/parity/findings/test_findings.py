"""Each further class, planted by itself: the report finds just that, says where, and what to do."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
from evidence import START, Evidence

from pipelines_client.clock import iso_utc
from pipelines_client.parity.model import Verdict
from pipelines_client.state.runfile import LegReport, RunFile

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
WEB, SERVER = {"name": "analytics.js", "version": "5.0"}, {"name": "analytics-python", "version": "2.4.0"}


def found(report):
    """Return the count of each class that has one."""
    return {item.name: item.count for item in report.classes if item.count}


def rows(report, name):
    item = next(item for item in report.classes if item.name == name)
    assert item.advice.endswith(".")
    assert sum(row.count for row in item.rows) == item.count
    return [(row.side, row.event, row.day, row.count, row.detail) for row in item.rows]


def samples(report, kind):
    return [(sample.side, sample.message_id) for sample in report.samples if sample.kind == kind]


def test_nothing_planted_is_nothing_found(evidence, compare):
    """No class has anything, and the advice says that there is nothing to do."""
    report = compare(evidence.paths())
    assert found(report) == {}
    assert report.advice.startswith("Nothing to repair")


def test_what_a_side_received_long_after_it_answered_is_late(evidence, compare):
    """Two hours at Segment, twenty minutes at Customer.io (FACTS T); a minute less is not."""
    late, slow = evidence.messages[10], evidence.messages[11]
    late.received_after["segment"] = late.finished_after + 2 * HOUR + MINUTE
    late.received_after["customerio"] = late.finished_after + 19 * MINUTE
    slow.received_after["customerio"] = slow.finished_after + 21 * MINUTE
    report = compare(evidence.paths())
    assert found(report) == {"late": 2, "slow": 1}
    assert rows(report, "late") == [
        ("customerio", "Feature Used", "2026-11-02", 1, "up to 21 min"),
        ("segment", "Feature Used", "2026-11-02", 1, "up to 2.02 h"),
    ]
    assert samples(report, "late") == [("customerio", "m00011"), ("segment", "m00010")]
    assert report.verdict is Verdict.PASS
    assert report.advice.startswith("No limit is broken. Worth a look is “Late” (2 messages): Wait")


def test_what_our_side_held_back_is_slow_and_not_late(evidence, compare):
    """An outage of an hour: the ledger says when the API took it."""
    held = evidence.messages[20]
    held.finished_after = HOUR
    held.sent_after = {"segment": HOUR, "customerio": HOUR}
    held.received_after = {"segment": HOUR, "customerio": HOUR}
    report = compare(evidence.paths())
    assert found(report) == {"slow": 2}


def test_what_arrives_before_it_was_sent_shows_a_wrong_clock(evidence, compare):
    """By more than ten seconds; and no lag is claimed by such a clock."""
    evidence.messages[30].received_after["customerio"] = timedelta(milliseconds=80) - timedelta(seconds=11)
    evidence.messages[31].received_after["customerio"] = timedelta(milliseconds=80) - timedelta(seconds=10)
    report = compare(evidence.paths())
    assert found(report) == {"clock_skew": 1}
    assert rows(report, "clock_skew") == [("customerio", "Feature Used", "2026-11-02", 1, "up to 11 s")]


def test_without_a_ledger_the_time_of_sending_tells_what_is_late(evidence, compare):
    """And nothing is called slow, since nobody knows when the call was."""
    evidence.messages[10].received_after["segment"] = 3 * HOUR
    paths = evidence.paths()
    del paths["ledger"]
    assert found(compare(paths)) == {"late": 1}


def test_latency_is_told_by_percentiles_and_a_histogram(evidence, compare):
    """Nearest rank over all messages, in whole milliseconds, and each message in one bucket."""
    for index, sent in enumerate(evidence.messages):
        sent.received_after["customerio"] = timedelta(milliseconds=500 * (index + 1))
        sent.sent_after["customerio"] = timedelta(0)
    report = compare(evidence.paths())
    by_name = {(row.side, row.measure): row for row in report.latency}
    row = by_name["customerio", "delivery"]
    assert (row.p50_ms, row.p90_ms, row.p99_ms, row.max_ms) == (50_000, 90_000, 99_000, 100_000)
    assert [(item.up_to_ms, item.count) for item in row.buckets] == [
        (1_000, 2),
        (10_000, 18),
        (60_000, 100),
        (120_000, 80),
        (600_000, 0),
        (3_600_000, 0),
        (86_400_000, 0),
        (None, 0),
    ]
    assert (row.messages, row.backwards, row.grade) == (200, 0, "slow")
    assert by_name["customerio", "clock"].grade == "acceptable"
    assert by_name["segment", "delivery"].grade == "healthy"
    assert by_name["segment", "delivery"].p50_ms == 101
    assert by_name["segment", "clock"].max_ms == 11


def test_a_track_that_overtook_its_identify_is_reordered(evidence, compare):
    """At the side where it did; not what was sent before the identify, and not what another person did."""
    evidence.track("kim", "Before", {})
    identify = evidence.add({"type": "identify", "userId": "kim", "traits": {"plan": "pro"}})
    evidence.track("kim", "Account Created", {})
    evidence.track("lee", "Account Created", {})
    identify.received_after["customerio"] = timedelta(seconds=1.2)
    report = compare(evidence.paths())
    assert found(report) == {"reordered": 1}
    assert rows(report, "reordered") == [("customerio", "Account Created", "2026-11-02", 1, "by up to 87 ms")]
    assert samples(report, "reordered") == [("customerio", "m00202")]


def test_names_that_differ_by_case_separators_or_a_typo_are_found(evidence, compare):
    """The rarer one, by day, with the frequent one beside it; a name of its own is left alone."""
    for index in range(3):
        evidence.track("u1", "feature_used", {}).at = START + index * DAY
    evidence.track("u1", "Faeture Used", {})
    evidence.track("u1", "Account Created", {})
    report = compare(evidence.paths())
    assert found(report) == {"name_variants": 4}
    spelling, typo = "separators of “Feature Used” (200), suspected", "typo of “Feature Used” (200), suspected"
    assert rows(report, "name_variants") == [
        ("", "Faeture Used", "2026-11-02", 1, typo),
        ("", "feature_used", "2026-11-02", 1, spelling),
        ("", "feature_used", "2026-11-03", 1, spelling),
        ("", "feature_used", "2026-11-04", 1, spelling),
    ]


def test_one_message_with_both_names_proves_them_one(evidence, compare):
    """Renamed, too, and a typo however frequent it is."""
    for sent in evidence.messages[:30]:
        sent.sides["customerio"]["event"] = "Faeture Used"
    report = compare(evidence.paths())
    assert found(report) == {"renamed": 30, "name_variants": 30}
    ((_, name, _, count, detail),) = rows(report, "name_variants")
    assert (name, count) == ("Faeture Used", 30)
    assert detail == "typo of “Feature Used” (200), proven: one message has both names"


def test_one_property_of_two_types_is_a_conflict_across_events(evidence, compare):
    """With the place of the first; null is no type, and neither traits nor a page's properties are an event's."""
    for side in ("segment", "customerio"):
        evidence.messages[3].payload(side)["price"] = None
    evidence.messages[3].call["properties"]["price"] = None
    for _ in range(2):
        evidence.track("u1", "Order Completed", {"price": "9.50"})
    evidence.add({"type": "identify", "userId": "u1", "traits": {"price": True}})
    evidence.add({"type": "page", "userId": "u1", "name": "Pricing", "properties": {"price": []}})
    report = compare(evidence.paths())
    assert found(report) == {"type_conflicts": 4}
    detail = "properties.price: string, else number"
    assert rows(report, "type_conflicts") == [
        ("customerio", "Order Completed", "2026-11-02", 2, detail),
        ("segment", "Order Completed", "2026-11-02", 2, detail),
    ]
    (sample, *_) = [sample for sample in report.samples if sample.kind == "type_conflict"]
    assert sample.customerio == "2184.13699.2.track.json:100"
    assert sample.reason == detail


def test_two_libraries_that_put_their_values_back_fight(evidence, compare):
    """Each time a value comes back over the other's; a change that stays, and one library alone, are no fight."""
    for library, plan in ((WEB, "free"), (SERVER, "pro"), (WEB, "free"), (SERVER, "pro"), (SERVER, "team")):
        evidence.add({"type": "identify", "userId": "kim", "traits": {"plan": plan, "seats": 3}}).library = library
    for plan in ("a", "b", "a", "b"):
        evidence.add({"type": "identify", "userId": "lee", "traits": {"plan": plan}}).library = SERVER
    report = compare(evidence.paths())
    assert found(report) == {"trait_fights": 4}
    web, server = "analytics.js", "analytics-python"
    assert rows(report, "trait_fights") == [
        ("customerio", "identify", "2026-11-02", 1, f"traits.plan: {server} against {web}"),
        ("customerio", "identify", "2026-11-02", 1, f"traits.plan: {web} against {server}"),
        ("segment", "identify", "2026-11-02", 1, f"traits.plan: {server} against {web}"),
        ("segment", "identify", "2026-11-02", 1, f"traits.plan: {web} against {server}"),
    ]
    assert samples(report, "trait_fight") == [
        ("customerio", "m00203"),
        ("customerio", "m00202"),
        ("segment", "m00203"),
        ("segment", "m00202"),
    ]


def test_what_has_no_order_and_two_versions_of_one_library_are_no_fight(evidence, compare):
    """Within one second of whole seconds nobody was first; in the middle of a deploy both versions are one writer."""
    for user in range(5):
        for count, (library, plan) in enumerate(((WEB, "free"), (WEB, "free"), (SERVER, "pro"))):
            evidence.add(
                {"type": "identify", "userId": f"p{user}", "traits": {"plan": plan}},
                after=timedelta(minutes=10 + user, milliseconds=300 * count),
            ).library = library
    for version, plan in (("2.4.0", "free"), ("2.4.1", "pro"), ("2.4.0", "free")):
        call = evidence.add({"type": "identify", "userId": "lee", "traits": {"plan": plan}})
        call.library = {**SERVER, "version": version}
    paths = {**evidence.paths(), "customerio": evidence.write_customerio(unix=True)}
    assert "trait_fights" not in found(compare(paths))


def test_the_copy_that_came_first_stands_for_a_message_and_another_name_is_a_conflict(evidence, compare):
    """Whatever the names are called: by receipt, not by the alphabet."""
    for index, name in enumerate(("Apple Eaten", "Zebra Eaten")):
        message = evidence.messages[10 + index]
        later = iso_utc(message.at + 19 * MINUTE)
        message.other_copies["segment"].append({**message.sides["segment"], "event": name, "receivedAt": later})
    report = compare(evidence.paths())
    assert found(report) == {"duplicates": 2, "conflicting_duplicates": 2}


def test_what_the_ledger_never_saw_is_told_by_library_and_key(evidence, compare):
    """Once each, wherever it arrived; and what one side lacks of it is missing there, for that cause."""
    for index in range(3):
        foreign = evidence.track("u1", "Page Opened", {})
        foreign.is_recorded, foreign.library, foreign.write_key = False, WEB, "abcdefgh1234"
        if index:
            foreign.lose("customerio")
    evidence.track("u1", "Feature Used", {})  # so that the export reaches further
    report = compare(evidence.paths())
    assert found(report) == {"foreign_writers": 3, "missing": 2}
    detail = "library analytics.js/5.0, write key …1234"
    assert rows(report, "foreign_writers") == [
        ("both", "Page Opened", "2026-11-02", 1, detail),
        ("segment", "Page Opened", "2026-11-02", 2, detail),
    ]
    assert report.missing_by_cause["customerio"]["foreign_writer"] == 2
    assert "abcdefgh" not in report.to_json()


def test_copies_that_hold_another_payload_are_counted(evidence, compare):
    """Beside those that are the same; what is compared is the first copy."""
    evidence.messages[5].copies["segment"] = 3
    evidence.messages[6].copy_changed("segment", price=1)
    evidence.messages[7].copy_changed("customerio", price=2)
    evidence.messages[7].copy_changed("customerio", price=3)
    report = compare(evidence.paths())
    assert found(report) == {"duplicates": 5, "conflicting_duplicates": 3}
    assert [row[:4] for row in rows(report, "conflicting_duplicates")] == [
        ("customerio", "Feature Used", "2026-11-02", 2),
        ("segment", "Feature Used", "2026-11-02", 1),
    ]


def spread(evidence, days, *, a_day=60):
    """Send so many messages a day."""
    for day in range(days):
        for index in range(a_day):
            evidence.track("u1", "Cart Updated", {}).at = START + day * DAY + index * MINUTE


def test_a_day_far_from_the_days_before_it_is_a_volume_shift(tmp_path, compare):
    """Said of that day, and of no weekend that was there before."""
    evidence = Evidence(tmp_path)
    spread(evidence, 12)
    for index in range(200):
        evidence.track("u1", "Cart Updated", {}).at = START + 9 * DAY + index * timedelta(seconds=1)
    report = compare(evidence.paths())
    assert found(report) == {"volume_shifts": 1}
    assert rows(report, "volume_shifts") == [("", "Cart Updated", "2026-11-11", 1, "260 messages, usually 60")]


def test_a_day_that_a_side_lacks_is_a_gap_and_no_proof(tmp_path, compare):
    """As a file that is missing: the verdict stays open, and the day is named."""
    evidence = Evidence(tmp_path)
    spread(evidence, 5)
    for sent in evidence.messages[120:180]:
        sent.lose("customerio")
    report = compare(evidence.paths(), now=START + timedelta(days=5))
    assert found(report) == {"empty_days": 1, "missing": 60}
    assert rows(report, "empty_days") == [("customerio", "", "2026-11-04", 1, "60 absent")]
    assert report.sources["customerio"].empty_days == ("2026-11-04",)
    assert report.verdict is Verdict.INCONCLUSIVE
    for sent in evidence.messages[120:122]:
        sent.sides["customerio"] = sent.sides["segment"]
    assert compare(evidence.paths(), now=START + timedelta(days=5)).verdict is Verdict.FAIL


def test_a_hole_in_an_export_is_a_class(evidence, compare):
    """Named by the file that is not there."""
    paths = evidence.paths()
    (paths["customerio"] / "2184.13699.2.track.json").rename(paths["customerio"] / "2184.13699.3.track.json")
    report = compare(paths)
    assert found(report) == {"holes": 1}
    assert rows(report, "holes") == [("customerio", "", "", 1, "2184.13699.2.track.json")]


def test_days_in_the_names_of_files_are_no_sequence(evidence, compare):
    """A position counts up by one; a day does not, at the end of a month at the latest."""
    paths = evidence.paths()
    for path, day in zip(
        sorted(paths["customerio"].glob("*.json")), ("20261130", "20261201", "202612020930"), strict=False
    ):
        path.rename(path.with_name(f"acme_tracks_{day}.json"))
    report = compare(paths)
    assert not report.sources["customerio"].holes
    assert found(report) == {}


def test_what_waits_in_the_spools_beside_the_ledger_is_said(evidence, compare):
    """A message that waits on both legs is in no record; the writers' run files know how many there are."""
    paths = evidence.paths()
    (paths["ledger"] / "run").mkdir()
    for writer, pending in (("w1", 3), ("w2", 4)):
        legs = {leg: LegReport(n, n, 0, {}, {}, {}) for leg, n in (("segment", pending), ("customerio", 1))}
        RunFile(legs).write(paths["ledger"] / "run" / f"{writer}.json")
    (paths["ledger"] / "run" / "torn.json").write_text("{")
    state = paths["ledger"]
    for given in (state.parent / f"{state.name[:-1]}*", state.parent, state / "ledger", state):
        report = compare({**paths, "ledger": given})
        assert report.sources["ledger"].waiting == {"customerio": 2, "segment": 7}, given
    assert "2 for Customer.io and 7 for Segment" in " ".join(report.sources["ledger"].notes)


@pytest.fixture
def lossy(evidence):
    """Losses with every cause."""
    m = evidence.messages
    m[1].lose("segment")
    m[2].not_sent("customerio", "rejected", "400")
    m[3].not_sent("customerio", "dropped", "spool_full")
    m[3].not_sent("segment", "dropped", "spool_full")
    m[4].not_sent("segment", "skipped", "stage")
    m[5].unsettled("segment")
    m[6].is_recorded = False
    m[6].lose("customerio")
    m[199].lose("segment")
    evidence.add({"type": "alias", "userId": "u1", "previousId": "a1"}).lose("customerio")
    return evidence


def test_the_replay_list_names_what_a_replay_should_send(lossy, compare, tmp_path):
    """Not what waits, was skipped, is expected or too young; with where the other copy lies, for its owner only."""
    path = tmp_path / "replay.jsonl"
    path.write_text("what was there before\n")
    path.chmod(0o644)
    compare(lossy.paths(), replay_list=path)
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    assert [(line["message_id"], line["side"], line["cause"]) for line in lines] == [
        ("m00002", "customerio", "rejected"),
        ("m00003", "customerio", "dropped"),
        ("m00001", "segment", "accepted_but_absent"),
        ("m00003", "segment", "dropped"),
        ("m00199", "segment", "accepted_but_absent"),
    ]
    assert lines[1]["copy"] is lines[3]["copy"] is None
    assert lines[0] == {
        "message_id": "m00002",
        "side": "customerio",
        "cause": "rejected",
        "type": "track",
        "event": "Feature Used",
        "occurred_at": "2026-11-02T09:30:02.000Z",
        "copy": lines[0]["copy"],
    }
    copy = lines[2]["copy"]
    data = (lossy.folder / "customerio" / copy["file"]).read_bytes()[copy["offset"] :][: copy["bytes"]]
    assert orjson.loads(data)["id"] == "m00001"
    assert path.stat().st_mode & 0o777 == 0o600


def test_without_a_ledger_the_replay_list_has_what_the_other_side_has(lossy, compare, tmp_path):
    """Nobody knows why it is absent, and each line says so."""
    paths = lossy.paths()
    del paths["ledger"]
    compare(paths, replay_list=tmp_path / "replay.jsonl")
    lines = [orjson.loads(line) for line in (tmp_path / "replay.jsonl").read_bytes().splitlines()]
    assert {line["cause"] for line in lines} == {"unknown"}
    assert all(line["copy"]["source"] != line["side"] for line in lines)
