"""Messages that reach a side by two ways: planted, and found by what proves them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines_client.cli.app import app
from pipelines_client.config import Settings
from pipelines_client.cutover.double_delivery import find_double_deliveries
from pipelines_client.destinations.segment import INTEGRATION_PRESETS

OFF = dict(INTEGRATION_PRESETS["customerio_off"])


def call(id_: str, event: str = "Order Completed", **more: Any) -> dict[str, Any]:
    return {"type": "track", "messageId": id_, "event": event, "userId": "u", "integrations": OFF, **more}


def row(id_: str, event: str = "Order Completed", properties: Any = None) -> dict[str, Any]:
    return {"id": id_, "event_text": event, "user_id": "u", "received_at": 1, "properties": properties or {"total": 1}}


@pytest.fixture
def exports(tmp_path: Path) -> Any:
    """Write both exports and a ledger; return their places as the options of the command."""

    def write(calls: list[Any], rows: list[Any], records: list[tuple[str, str, str]] = []) -> tuple[str, ...]:  # noqa: B006 - only read
        archive = tmp_path / "segment-logs" / "source" / "1795305600000" / "1.gz"
        archive.parent.mkdir(parents=True, exist_ok=True)
        archive.write_bytes(gzip.compress("".join(f"{json.dumps(line)}\n" for line in calls).encode()))
        files = tmp_path / "customerio" / "2184.13699.1.track.json"
        files.parent.mkdir(exist_ok=True)
        files.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in rows))
        ledger = tmp_path / "state" / "ledger" / "2026-12-01" / "w.jsonl"
        ledger.parent.mkdir(parents=True, exist_ok=True)
        lines = [
            json.dumps({"message_id": id_, "leg": leg, "outcome": "skipped", "reason": why})
            for id_, leg, why in records
        ]
        ledger.write_text("\n".join(lines))
        return ("--segment", str(tmp_path), "--customerio", str(files.parent), "--ledger", str(tmp_path / "state"))

    return write


def found(places: tuple[str, ...]) -> Any:
    return find_double_deliveries([places[1]], [places[3]], [Path(places[5]) / "ledger"])


def test_what_was_kept_from_the_destination_and_came_once_is_clean(exports: Any) -> None:
    """By the preset, and by `All`; a message sent again is not a second way."""
    calls = [call("a"), call("b", integrations={"All": False}), call("only at Segment", integrations={})]
    twice = found(exports(calls, [row("a"), row("a"), row("b"), row("only at Customer.io")]))
    assert (twice.is_clean, twice.both, dict(twice.repeats)) == (True, 2, {"Order Completed": 1})


@pytest.mark.parametrize(
    "integrations",
    [None, {}, {**OFF, "Actions Customerio": True}, {"Customer.io": False}, {"All": False, "Customer.io": True}, "off"],
)
def test_what_is_not_kept_from_the_destination_by_every_name_may_come_twice(exports: Any, integrations: Any) -> None:
    """Only Segment knows which name the destination has."""
    twice = found(exports([call("a", integrations=integrations)], [row("a")]))
    assert dict(twice.forwarded) == {"Order Completed": 1}
    assert not twice.is_proven


def test_copies_that_segments_destination_made_are_told_from_our_own(exports: Any) -> None:
    """Times become seconds, relationship names go, `createdAt` is renamed (FACTS S13); a changed total is neither."""
    dropped = {"objectTypeId": "1", "object_type_id": "1", "relationshipAttributes": {}}
    ours = {"at": "2026-11-02T10:30:00+01:00", "day": "2026-11-02", "total": 42.5, "createdAt": "x", **dropped}
    theirs = {"at": 1793611800, "day": 1793577600, "total": 42.5, "created_at": "x"}
    rows = [
        row("two ways", "A", ours),
        row("two ways", "A", theirs),
        row("turned", "B", theirs),
        row("turned", "B", ours),
    ]
    for name, one, other in (("C", {"total": 1, "x": 1}, {"total": 2, "x": 1}), ("D", {"total": 1}, {"sum": 1})):
        rows += [row(name, name, one), row(name, name, other)]
    twice = found(exports([call(name) for name in ("two ways", "turned", "C", "D")], rows))
    assert dict(twice.two_ways) == {"A": 1, "B": 1}
    assert dict(twice.unclear) == {"C": 1, "D": 1}
    assert not twice.repeats


CHANGED = {"at": 1793611800, "total": 1}
PLAIN = {"at": "2026-11-02T10:30:00+01:00", "total": 1}


@pytest.mark.parametrize(
    ("integrations", "original", "copies", "found_as"),
    [
        (OFF, PLAIN, [PLAIN], {}),
        ({}, PLAIN, [PLAIN], {"forwarded": 1, "as_sent": 1}),
        ({}, PLAIN, [PLAIN, PLAIN], {"forwarded": 1, "as_sent": 1, "repeats": 1}),
        ({}, PLAIN, [CHANGED], {"forwarded": 1, "only_forwarded": 1}),
        (OFF, PLAIN, [CHANGED, CHANGED], {"only_forwarded": 1}),
        ({}, PLAIN, [PLAIN, CHANGED, PLAIN], {"forwarded": 1, "two_ways": 1}),
        ({}, CHANGED, [CHANGED], {"forwarded": 1}),
        ({}, CHANGED, [CHANGED, CHANGED], {"forwarded": 1, "unclear": 1}),
        (OFF, CHANGED, [CHANGED, CHANGED], {"repeats": 1}),
        (None, None, [CHANGED, CHANGED], {"repeats": 1}),
        ({}, PLAIN, [PLAIN, {"total": 2}], {"forwarded": 1, "unclear": 1}),
        ({}, PLAIN, [{"total": 2}], {"forwarded": 1}),
    ],
)
def test_what_is_said_of_a_message_follows_from_its_copies(
    exports: Any, integrations: Any, original: Any, copies: list[Any], found_as: dict[str, int]
) -> None:
    """The archive has what was sent; a copy in another form came by the destination, equal ones only if it could not.

    A message that is in no archive was not forwarded from there.
    """
    calls = [call("other"), *([call("a", integrations=integrations, properties=original)] if original else [])]
    twice = found(exports(calls, [row("a", properties=copy) for copy in copies]))
    said = {name: getattr(twice, name) for name in ("forwarded", "two_ways", "only_forwarded", "repeats", "unclear")}
    counts = {name: events.total() for name, events in said.items() if events}
    assert counts | ({"as_sent": twice.as_sent} if twice.as_sent else {}) == found_as
    assert twice.is_clean == (not found_as.keys() - {"repeats"})


def test_what_a_side_has_though_we_kept_it_from_it_came_another_way(exports: Any) -> None:
    """At Customer.io through Segment's destination, at Segment through Customer.io's: a circle."""
    records = [
        ("shadowed", "customerio", "cohort"),
        ("circle", "segment", "stage"),
        ("fine", "segment", "reserved_name"),
    ]
    calls = [call("shadowed"), call("circle", "Trial Started"), call("fine")]
    twice = found(exports(calls, [row("shadowed"), row("circle", "Trial Started")], records))
    assert {side: dict(events) for side, events in twice.not_sent.items()} == {
        "customerio": {"Order Completed": 1},
        "segment": {"Trial Started": 1},
    }
    assert twice.is_proven


@pytest.mark.parametrize(
    ("reason", "is_kept"),
    [
        ("stage", True),
        ("cohort", True),
        ("denied", True),
        ("no_person", True),
        ("discarded", True),
        ("too_large", False),
    ],
)
def test_a_message_that_one_leg_was_kept_from_on_purpose_proves_another_way(
    exports: Any, reason: str, is_kept: bool
) -> None:
    """One side is enough; a message that was refused may have been sent again by hand."""
    twice = found(exports([call("a")], [row("a")], [("a", "customerio", reason)]))
    assert (twice.is_proven, twice.is_clean) == (is_kept, not is_kept)


def test_what_was_found_as_plain_values_is_by_event_or_else_by_type(exports: Any) -> None:
    """A row without an event is called as its type, or as its file; so a count can be found again."""
    typed = {"id": "a", "type": "page", "properties": {}}
    bare = {"id": "b", "properties": {}}
    records = [("c", "customerio", "cohort")]
    places = exports([call(id_, integrations={}) for id_ in "abc"], [typed, bare, bare, row("c", "C")], records)
    assert found(places).as_dict() == {
        "is_proven": True,
        "is_clean": False,
        "both": 3,
        "as_sent": 0,
        "forwarded": {"page": 1, "track": 1, "C": 1},
        "two_ways": {},
        "only_forwarded": {},
        "repeats": {},
        "unclear": {"track": 1},
        "not_sent": {"customerio": {"C": 1}, "segment": {}},
        "unread": 0,
    }


@pytest.mark.parametrize(
    ("calls", "rows", "code", "words"),
    [
        ([call("a")], [row("a")], 0, "of 1 message on both sides, none came by two ways"),
        ([call("a", integrations={})], [row("a")], 1, "1 not kept from Segment's Customer.io destination"),
        ([call("a")], [row("a"), "{cut"], 3, "1 line or file is unreadable"),
    ],
)
def test_the_command_says_what_it_found_and_what_to_do(
    exports: Any, calls: list[Any], rows: list[Any], code: int, words: str
) -> None:
    """Exit codes 0, 1 and 3; the same as JSON."""
    places = exports(calls, rows)
    done = CliRunner().invoke(app, ["cutover", "twice", *places])
    assert (done.exit_code, words in done.stdout) == (code, True), done.output
    assert ("customerio_off" in done.stdout) == (code == 1)
    assert json.loads(CliRunner().invoke(app, ["cutover", "twice", *places, "--json"]).stdout)["is_clean"] == (
        code == 0
    )


def test_a_path_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    """Exit code 2, with the path."""
    places = ("--segment", str(tmp_path / "none"), "--customerio", str(tmp_path))
    done = CliRunner().invoke(app, ["cutover", "twice", *places])
    assert done.exit_code == 2
    assert "none" in done.stderr


def test_what_the_preset_sends_is_found_clean_in_the_exports(make_client: Any, sandbox: Any, tmp_path: Path) -> None:
    """From `segment_integrations="customerio_off"` to Segment's archive and through the check; without it, not so."""
    for setting, event in (("customerio_off", "Kept"), ({}, "Forwarded")):
        client = make_client(segment_integrations=setting)
        assert client.track("u1", event)[0]
        assert client.flush(timeout=5)
    sandbox.export(tmp_path / "exports")
    twice = find_double_deliveries([str(tmp_path / "exports" / "segment")], [str(tmp_path / "exports" / "customerio")])
    assert (twice.both, dict(twice.forwarded)) == (2, {"Forwarded": 1})


@pytest.mark.parametrize("name", sorted(INTEGRATION_PRESETS))
def test_a_preset_is_named_in_code_or_the_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same as spelling it; JSON goes as before; an unknown name is an error."""
    assert Settings.load(segment_integrations=name).segment_integrations == INTEGRATION_PRESETS[name]
    monkeypatch.setenv("PIPELINES_SEGMENT_INTEGRATIONS", name)
    assert Settings.load().segment_integrations == INTEGRATION_PRESETS[name]
    monkeypatch.setenv("PIPELINES_SEGMENT_INTEGRATIONS", '{"Customer.io": false}')
    assert Settings.load().segment_integrations == {"Customer.io": False}
    with pytest.raises(ValueError, match=r"segment_integrations.*customerio_off"):
        Settings.load(segment_integrations="customerio-off")
