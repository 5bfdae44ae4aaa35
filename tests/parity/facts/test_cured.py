"""Parity over sides of which one was changed on request: that passes, and a half-applied cure is drift."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from effect_cases import AT, AT_S
from evidence import Evidence, Sent

from pipelines_client.clock import utc_now
from pipelines_client.effects import Dates, examine
from pipelines_client.effects.changes import Weight
from pipelines_client.effects.cures import asked_cures, make_cures
from pipelines_client.evidence.calls import calls_in
from pipelines_client.parity import ParityReport, Verdict
from pipelines_client.parity.rules import parse_rules

Compare = Callable[..., ParityReport]
DATES = {"dates": "unix"}
DATES_AND_NAMES = {"dates": "unix", "created_at": "renamed"}


def fill(evidence: Evidence, count: int = 120, asked: dict[str, Any] | None = None) -> list[Sent]:
    """Add identifies whose dates Customer.io has as the cures make them."""
    cures = make_cures(asked_cures(asked or DATES))
    assert cures is not None
    added = []
    for number in range(count):
        traits = {"plan": "pro", "trial_ends_at": AT, "in": {"on": "2026-12-01"}, "list": ["2026-12-01"], "n": number}
        sent = evidence.add({"type": "identify", "userId": f"u{number}", "traits": traits})
        sent.sides["customerio"] = dict(cures.call(sent.call))
        added.append(sent)
    return added


def keep(folder: Path, asked: dict[str, Any]) -> None:
    (folder / "customerio-cures.json").write_text(json.dumps(asked))


def expected(report: ParityReport) -> dict[str, int]:
    return {row.name: row.count for row in report.expected if row.name == "cured as asked"}


@pytest.mark.parametrize("asked", [DATES, DATES_AND_NAMES])
@pytest.mark.parametrize("sources", [("ledger", "segment", "customerio"), ("segment", "customerio")])
def test_with_the_cure_parity_passes_and_counts_it(
    evidence: Evidence, compare: Compare, asked: dict[str, Any], sources: tuple[str, ...]
) -> None:
    """Of all 320 messages, 120 were changed, and changed right; without the cure each of these is drift."""
    fill(evidence, asked=asked)
    paths = {name: path for name, path in evidence.paths().items() if name in sources}
    report = compare(paths, cures=asked_cures(asked))
    assert (report.verdict, report.totals.drift, report.totals.cured) == (Verdict.PASS, 0, 120)
    assert report.totals.matched == report.totals.messages == 320
    assert expected(report) == {"cured as asked": 120}
    assert not [found.name for found in report.classes if found.count]
    without = compare(paths, cures={})
    assert (without.totals.drift, without.totals.cured, expected(without)) == (120, 0, {})


def test_what_a_client_sends_passes_parity_and_its_effects_are_clean(
    make_client: Callable[..., Any], sandbox: Any, compare: Compare, state_dir: Path, tmp_path: Path
) -> None:
    """From the calls to the exports of both sides, without a word to parity: the client has written down its cure."""
    client = make_client(customerio_dates="unix", customerio_dates_exclude=["traits.birthday"])
    for number in range(120):
        client.identify(f"u{number}", {"trial_ends_at": AT, "birthday": "1990-04-01", "n": number})
        client.track(f"u{number}", "Order Completed", {"items": [{"at": AT}], "n": number})
    assert client.flush(20)
    client._pipeline.close(0)
    sandbox.export(tmp_path / "out")
    paths = {
        "ledger": state_dir,
        "segment": tmp_path / "out" / "segment",
        "customerio": tmp_path / "out" / "customerio",
    }
    report = compare(paths, now=utc_now())
    assert (report.verdict, report.totals.drift, report.totals.cured) == (Verdict.PASS, 0, 120)
    assert expected(report) == {"cured as asked": 120}
    assert compare({**paths, "ledger": state_dir / "ledger"}, now=utc_now(), cures={}).totals.cured == 120  # its word
    found = examine(calls_in([str(paths["segment"])]), dates=Dates.UNCHANGED, cures=client.settings.cures)
    grave = {(row.code, row.path) for row in found.changes if row.weight is not Weight.MINOR}
    assert grave == {("date_becomes_text", "traits.birthday")}


@pytest.mark.parametrize("sources", [("ledger", "segment", "customerio"), ("segment", "customerio")])
def test_a_half_applied_cure_is_drift_at_its_paths(
    evidence: Evidence, compare: Compare, sources: tuple[str, ...]
) -> None:
    """A date that was not converted, one that should not have been, a wrong number, milliseconds, another change."""
    added = fill(evidence)
    for sent in added[:5]:
        sent.payload("customerio")["trial_ends_at"] = AT
    added[5].payload("customerio")["list"] = [1796083200]
    added[6].payload("customerio")["trial_ends_at"] = AT_S + 1
    added[7].payload("customerio")["trial_ends_at"] = AT_S * 1000
    added[8].payload("customerio")["plan"] = "free"
    paths = {name: path for name, path in evidence.paths().items() if name in sources}
    report = compare(paths, cures=DATES)
    assert report.verdict is Verdict.FAIL
    assert (report.totals.drift, report.totals.cured) == (9, 111)
    assert {(row.path, row.kind): row.count for row in report.drift_by_path} == {
        ("traits.trial_ends_at", "type"): 5,
        ("traits.trial_ends_at", "value"): 2,
        ("traits.list[]", "type"): 1,
        ("traits.plan", "value"): 1,
    }


def test_a_path_that_was_left_out_must_be_as_recorded(evidence: Evidence, compare: Compare) -> None:
    """The paths are part of what was asked."""
    fill(evidence)
    report = compare(evidence.paths(), cures=asked_cures({"dates": "unix", "dates_exclude": "traits.in"}))
    assert {(row.path, row.count) for row in report.drift_by_path} == {("traits.in.on", 120)}


def test_the_side_that_differs_is_named(evidence: Evidence, compare: Compare) -> None:
    """Segment's own drift is not taken for Customer.io's, although that side's payload is held against Segment's."""
    first, second, *_ = fill(evidence)
    first.payload("segment")["plan"] = "free"
    second.payload("segment")["trial_ends_at"] = AT_S
    paths = evidence.paths()
    ledger = next((paths["ledger"] / "ledger").rglob("*.jsonl"))
    ledger.write_text("".join(map(_with_sent_hash, ledger.read_text().splitlines())))
    report = compare(paths, cures=DATES)
    assert report.totals.drift == 2
    assert {side: count.drift for side, count in report.totals.sides.items()} == {"segment": 2, "customerio": 0}


def _with_sent_hash(line: str) -> str:
    """Return a record of the ledger as a client with the cure writes it."""
    from pipelines_client.canonical import payload_hash

    record = json.loads(line)
    if record["leg"] == "customerio" and record["type"] == "identify":
        number = int(record["message_id"][1:]) - 200
        traits = {"plan": "pro", "trial_ends_at": AT_S, "in": {"on": 1796083200}, "list": ["2026-12-01"], "n": number}
        record["sent_hash"] = payload_hash(traits)
    return json.dumps(record) + "\n"


def test_without_segment_the_ledger_says_what_was_sent(evidence: Evidence, compare: Compare) -> None:
    """And a message that arrived otherwise is drift."""
    added = fill(evidence)
    added[3].payload("customerio")["trial_ends_at"] = AT
    paths = evidence.paths()
    ledger = next((paths["ledger"] / "ledger").rglob("*.jsonl"))
    ledger.write_text("".join(map(_with_sent_hash, ledger.read_text().splitlines())))
    del paths["segment"]
    report = compare(paths)
    assert (report.totals.drift, report.totals.cured) == (1, 119)
    assert expected(report) == {"cured as asked": 119}


def test_the_state_directory_says_that_the_cure_is_on_and_rules_and_options_overrule_it(
    evidence: Evidence, compare: Compare
) -> None:
    """A client has written it there; `{}` says that it has stopped."""
    fill(evidence)
    paths = evidence.paths()
    keep(paths["ledger"], DATES)
    assert compare(paths).totals.drift == 0
    assert compare(paths, rules=parse_rules({"cures": {"dates": "off"}}, "parity.toml")).totals.drift == 120
    assert compare(paths, rules=parse_rules({"cures": DATES}, "parity.toml"), cures={}).totals.drift == 120
    keep(paths["ledger"], {})
    assert compare(paths).totals.drift == 120
    assert compare(paths, rules=parse_rules({"cures": DATES}, "parity.toml")).totals.drift == 0


def test_hosts_that_differ_are_told_and_each_message_is_held_against_its_ledger(
    evidence: Evidence, compare: Compare
) -> None:
    """One host cures and the other never did, so it keeps no file: what each has sent is what should be there."""
    fill(evidence)
    paths = evidence.paths()
    ledger = next((paths["ledger"] / "ledger").rglob("*.jsonl"))
    ledger.write_text("".join(map(_with_sent_hash, ledger.read_text().splitlines())))
    other = Evidence(evidence.folder / "other")
    other.write_ledger()
    keep(paths["ledger"], DATES)
    report = compare({**paths, "ledger": [paths["ledger"], other.folder / "state"]})  # type: ignore[dict-item]  # several paths
    assert (report.totals.drift, report.totals.cured) == (0, 120)
    assert any("say different things about what is changed" in note for note in report.sources["ledger"].notes)


def test_a_baseline_is_not_cured(evidence: Evidence, compare: Compare, tmp_path: Path) -> None:
    """A leg is compared with itself as it is: nothing in it differs from the second copy."""
    fill(evidence)
    paths = evidence.paths()
    second = Evidence(tmp_path / "second")
    second.messages = evidence.messages
    report = compare(paths, cures=DATES, baseline=str(second.write_segment()))
    assert report.noise is not None
    assert (report.noise.baseline_compared, report.noise.rows, report.verdict) == (320, (), Verdict.PASS)


def test_names_of_pages_are_not_compared_when_they_are_changed(
    evidence: Evidence, compare: Compare, tmp_path: Path
) -> None:
    """A table may show them, unlike Customer.io's files (FACTS C19); which name is right its row does not say."""
    for number in range(120):
        evidence.add(
            {"type": "page", "userId": "u1", "name": "Pricing", "properties": {"url": f"https://a.b/{number}"}}
        )
    lines = [
        {
            "id": sent.id,
            "at": sent.at.isoformat(),
            "type": "page",
            "event": sent.call["properties"]["url"],
            "user": "u1",
        }
        | {"properties": sent.call["properties"]}
        for sent in evidence.messages[200:]
    ]
    table = tmp_path / "table.json"
    table.write_text("".join(json.dumps(line) + "\n" for line in lines))
    columns = {"message_id": "id", "time": "at", "type": "type", "event": "event", "user_id": "user"}
    maps = {"customerio": {**columns, "properties": "properties"}}
    paths = {"segment": evidence.write_segment(), "customerio": f"table:{table}"}
    named = {"column_maps": maps, "is_all": True}
    assert compare(paths, cures={}, **named).renamed.count == 120
    report = compare(paths, cures={"page_names": "url"}, **named)
    assert (report.renamed.count, report.totals.drift) == (0, 0)


@pytest.mark.parametrize(
    ("cures", "words"),
    [
        ({"date": "unix"}, r"parity\.toml: cures: there is no cure 'date'; the cures are"),
        ({"dates": "iso"}, r'parity\.toml: cures: dates: \'iso\' is not known; write "unix" or "off"'),
        ("unix", r"parity\.toml: cures: this is a section"),
    ],
)
def test_rules_about_cures_that_cannot_be_are_refused(cures: Any, words: str) -> None:
    """With the key and what to write."""
    with pytest.raises(ValueError, match=words):
        parse_rules({"cures": cures}, "parity.toml")
