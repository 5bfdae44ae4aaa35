"""What only one of two unrelated sources has is no loss; what is lost between related ones is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from evidence import START, Evidence

from pipelines_client.parity.judgement.relations import Relations, Stranger, relate
from pipelines_client.parity.model import Verdict
from pipelines_client.parity.questions.related import RelationsRow, StrangersRow
from pipelines_client.parity.rules import ExpectedRule, Rules

WEB = {"name": "analytics.js", "version": "5.0"}


def row(source="segment", side="customerio", **more: object) -> RelationsRow:
    given = {"day": "2026-11-02", "event": "A", "origin": None, "library": "x/1", "write_key_suffix": None, "words": 7}
    counts = {"messages": 0, "shared": 0, "lacking": 0, "recorded": 0}
    return RelationsRow(source=source, side=side, **(given | counts | more))


def both_ways(shared, lacking, back) -> list[RelationsRow]:
    """What Segment and Customer.io share, what only Segment has, and what only Customer.io has."""
    return [
        row(messages=shared + lacking, shared=shared, lacking=lacking),
        row("customerio", "segment", messages=shared + back, shared=shared, lacking=back),
    ]


def found(*rows: RelationsRow) -> Relations:
    return relate(rows, {}, lambda _: False)


def test_sources_with_hardly_an_id_in_common_are_apart():
    """Some ids may be equal by accident; of too few messages nothing is said."""
    for shared, lacking, back in ((0, 600, 600), (6, 594, 594), (25, 75, 100), (0, 20, 20)):
        (apart,) = found(*both_ways(shared, lacking, back)).apart
        assert (apart.sources, apart.messages, apart.shared) == (
            ("segment", "customerio"),
            (shared + lacking, shared + back),
            shared,
        )
    for shared, lacking, back in ((26, 74, 100), (0, 19, 600), (0, 600, 0)):
        assert found(*both_ways(shared, lacking, back)) == Relations()


def test_a_loss_however_large_leaves_what_is_there_in_common():
    """A side that has three of ten thousand lost the rest; sources apart both have what the other lacks."""
    assert found(*both_ways(3, 9_997, 0)) == Relations()
    assert found(*both_ways(30, 9_970, 0)) == Relations()


def test_only_days_of_both_count():
    """An export of one more week than the other shares all that it can."""
    rows = [
        *both_ways(20, 0, 0),
        row(day="2026-11-09", messages=5_000, lacking=5_000),
        row("customerio", "segment", day="2026-10-26", messages=5_000, lacking=5_000),
    ]
    assert found(*rows) == Relations()


def test_a_writer_of_whom_a_side_has_nothing_is_a_stranger():
    """Named by what tells it from the writers that the side has: its source, else its library, else its key."""
    ours = {"messages": 900, "shared": 900, "origin": "s1", "write_key_suffix": "aaaa"}
    for key, name, more in (
        ("origin", "s2", {"origin": "s2"}),
        ("library", "ios", {"library": "ios/4.1"}),
        ("write_key_suffix", "bbbb", {"write_key_suffix": "bbbb"}),
    ):
        other = {**ours, "messages": 50, "shared": 0, "lacking": 50, "words": 8, **more}
        relations = found(row(**ours), row(**other))
        library = "ios" if key == "library" else "x"
        home = {"origin": "s1", "library": "x", "write_key_suffix": "aaaa"}[key]
        assert relations.strangers == (Stranger("segment", "customerio", key, name, 50, (library,), (home,)),)
        assert StrangersRow("customerio", 0, 1, 8) in relations.rows()
        assert not relations.apart


@pytest.mark.parametrize(
    "more",
    [
        {"shared": 1, "lacking": 49},
        {"lacking": 19, "messages": 19},
        {"recorded": 50},
        {"library": "x/2"},
        {"library": None},
    ],
    ids=["some arrived", "too few", "our ledger has them", "a new version", "unknown"],
)
def test_who_is_no_stranger(more):
    """What may be a loss stays one."""
    other = {"messages": 50, "shared": 0, "lacking": 50, "library": "ios", "recorded": 0} | more
    assert found(row(messages=900, shared=900), row(**other)) == Relations()


def test_without_a_writer_whose_messages_arrive_nobody_is_a_stranger():
    """Half lost of each is a loss, and a library that is wholly lost beside it may be one too."""
    half = row(messages=100, shared=40, lacking=60)
    assert not found(half, row(library="ios", messages=50, lacking=50)).strangers


@pytest.fixture
def archive(tmp_path):
    """An archive of two sources, one of which goes to Customer.io too."""
    ours = Evidence(tmp_path / "ours", count=200)
    phone = Evidence(tmp_path / "phone")
    for index in range(300):
        sent = phone.add(
            {"messageId": f"p{index}", "type": "track", "userId": "u", "event": "Opened", "properties": {}}
        )
        sent.library, sent.at = {"name": "analytics-ios", "version": "4.1"}, START + timedelta(seconds=index / 2)
    (bucket, other) = (each.write_segment() / "prefix" / "segment-logs" for each in (ours, phone))
    (other / "9sBxKq2mVd").rename(bucket / "phoneSource2")
    return ours


def test_the_source_that_was_not_moved_is_named_and_is_no_loss(archive, compare, tmp_path):
    """Inconclusive, with the folder of the other one; alone that one passes; what is lost of it fails."""
    segment, customerio = archive.folder / "bucket", archive.write_customerio()
    report = compare({"segment": segment, "customerio": customerio}, replay_list=tmp_path / "list")
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "phoneSource2" in report.headline
    assert f"--segment {segment}/prefix/segment-logs/9sBxKq2mVd." in report.advice
    assert report.missing_by_cause["customerio"]["unrelated"] == 300
    assert report.totals.missing == {"segment": 0, "customerio": 0}
    assert not (tmp_path / "list").read_bytes()
    alone = segment / "prefix" / "segment-logs" / "9sBxKq2mVd"
    assert compare({"segment": alone, "customerio": customerio}).verdict is Verdict.PASS
    for sent in archive.messages[:50]:
        sent.lose("customerio")
    report = compare({"segment": segment, "customerio": archive.write_customerio()}, replay_list=tmp_path / "list")
    assert report.verdict is Verdict.FAIL
    assert report.totals.missing["customerio"] == 50
    assert len((tmp_path / "list").read_bytes().splitlines()) == 50


def test_a_rule_says_that_a_source_a_library_or_a_key_was_not_moved(archive, compare):
    """Each way of naming a writer counts all of its messages as expected, and no others."""
    paths = {"segment": archive.folder / "bucket", "customerio": archive.write_customerio()}

    def rules(**writer: str) -> Rules:
        rule = ExpectedRule(kind="missing", reason="a phone", owner="kim", expiry=date(2026, 12, 1), **writer)
        return Rules(expected=(rule,))

    for writer in ({"source": "phoneSource2"}, {"library": "analytics-ios"}, {"library": "analytics-ios/4.1"}):
        report = compare(paths, rules=rules(**writer))
        assert report.verdict is Verdict.PASS
        assert report.missing_by_cause["customerio"]["expected"] == 300
        assert (report.expected[0].count, report.expected[0].name) == (300, "rule 1")
    for writer in ({"source": "other"}, {"library": "analytics"}, {"write_key": "abcd"}):
        assert compare(paths, rules=rules(**writer)).verdict is Verdict.INCONCLUSIVE


def test_a_browser_snippet_at_one_side_only_is_named_with_its_rule(evidence, compare):
    """With a ledger, which does not have its messages, as without one."""
    for index in range(60):
        sent = evidence.track("u1", "Page Left", {"n": index})
        sent.library, sent.write_key, sent.is_recorded = WEB, "secret-abcd", False
        sent.at = START + timedelta(seconds=index)
        sent.lose("customerio")
    paths = evidence.paths()
    for given in (paths, {side: paths[side] for side in ("segment", "customerio")}):
        report = compare(given)
        assert report.verdict is Verdict.INCONCLUSIVE
        assert "analytics.js" in report.headline
        assert '{kind = "missing", side = "customerio", library = "analytics.js"' in report.advice


def test_what_our_own_ledger_has_is_a_loss_whoever_wrote_it(evidence, compare):
    """A leg that lost all that one library sent has lost it."""
    for index in range(60):
        sent = evidence.track("u1", "Page Left", {"n": index})
        sent.library, sent.at = WEB, START + timedelta(seconds=index)
        sent.lose("customerio")
    report = compare(evidence.paths())
    assert report.totals.missing["customerio"] == 60
    assert not any(gate.kind == "related" for gate in report.gates)


def _others(tmp_path, change) -> Evidence:
    """The same calls as `evidence`, made by another writer."""
    others = Evidence(tmp_path / "others", count=200)
    for sent in others.messages:
        for call in (sent.call, *sent.sides.values()):
            change(call)
    return others


@pytest.mark.parametrize(
    ("spell", "words"),
    [
        (lambda id_: "other-" + id_, "have “other-” before them in Customer.io"),
        (str.upper, "differ in capital letters only"),
        (lambda id_: f"{hash(id_)}", "under other ids"),
    ],
    ids=["prefix", "case", "other"],
)
def test_the_same_payloads_under_other_ids_are_said(evidence, compare, tmp_path, spell, words):
    """Two clients made the same calls: nothing is missing, and nothing was compared."""
    for number, sent in enumerate(evidence.messages):
        for call in (sent.call, *sent.sides.values()):
            call["properties"]["index"] = number
    others = _others(tmp_path, lambda call: call.update(messageId=spell(call["messageId"])))
    report = compare({"segment": evidence.write_segment(), "customerio": others.write_customerio()})
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "no message in common, of 200 and 200" in report.headline
    assert words in report.headline
    assert "--counts" in report.advice
    assert report.totals.missing == {"segment": 0, "customerio": 0}


@pytest.mark.parametrize("given", [("ledger", "segment", "customerio"), ("ledger", "segment")])
def test_another_applications_ledger_beside_ours_is_named_and_replays_nothing(evidence, compare, tmp_path, given):
    """It sent to another host and key, and no side has one of its messages."""
    others = _others(tmp_path, lambda call: call.update(messageId="w" + call["messageId"]))
    for sender, name in ((evidence, "ours"), (others, "theirs")):
        for sent in sender.messages:
            sent.sent_to = {"segment": f"api.segment.io#{name}", "customerio": f"cdp.customer.io#{name}"}
    paths = {"ledger": [evidence.write_ledger(), others.write_ledger()]}
    paths |= {side: path for side, path in evidence.paths().items() if side in given and side != "ledger"}
    report = compare(paths, replay_list=tmp_path / "list")
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "200 messages that the ledger sent to api.segment.io#theirs" in report.headline
    assert "--ledger" in report.advice
    assert (tmp_path / "list").read_bytes() == b""
    assert report.missing_by_cause["segment"]["unrelated"] == 200


def test_what_one_host_sent_with_a_wrong_key_to_one_side_is_a_loss(evidence, compare):
    """The other side has it, so it is ours."""
    for number, sent in enumerate(evidence.messages):
        key = "right" if number % 2 else "wrong"
        sent.sent_to = {"segment": "api.segment.io#one", "customerio": f"cdp.customer.io#{key}"}
        if key == "wrong":
            sent.sides["customerio"] = None
    report = compare(evidence.paths())
    assert report.verdict is Verdict.FAIL
    assert report.totals.missing["customerio"] == 100


@pytest.mark.parametrize("shared", [2, 40])
@pytest.mark.parametrize("odd", ["ledger", "segment", "customerio"])
def test_the_one_source_that_does_not_belong_is_named(evidence, compare, tmp_path, odd, shared):
    """Another application's ledger, source's archive or workspace's export; some calls may be in both."""
    others = _others(tmp_path, lambda call: call.update(messageId="w" + call["messageId"], properties={"z": 1}))
    for sent in others.messages[:shared]:
        for call in (sent.call, *sent.sides.values()):
            call["messageId"] = call["messageId"][1:]
    report = compare({**evidence.paths(), odd: getattr(others, f"write_{odd}")()}, replay_list=tmp_path / "list")
    assert report.verdict is Verdict.INCONCLUSIVE
    assert f"{shared} of 200 messages in common" in report.headline
    assert f"give --{odd}" in report.advice
    assert not any(gate.result == "failed" for gate in report.gates)
    lines = (tmp_path / "list").read_bytes().splitlines()
    assert len(lines) == 0


def test_sources_of_other_days_are_said(evidence, compare, tmp_path):
    """Two exports, one after the other: no message can be in both."""
    later = Evidence(tmp_path / "later")
    for index in range(200):
        later.add(
            {"messageId": f"l{index}", "type": "track", "userId": "u1", "event": "A", "properties": {}},
            after=timedelta(days=40, seconds=index),
        )
    for first, second in ((evidence, later), (later, evidence)):
        report = compare({"segment": first.write_segment(), "customerio": second.write_customerio()}, now=START)
        assert report.verdict is Verdict.INCONCLUSIVE
        assert "The sources are of other days" in report.headline
        assert "Segment is from 2026-1" in report.headline
        assert report.advice.startswith("Give evidence of the same days.")
    report = compare({"ledger": later.write_ledger(), "customerio": evidence.write_customerio()})
    assert "The sources are of other days" in report.headline
