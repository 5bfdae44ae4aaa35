"""A message's `integrations`, and those of the application, in a replay to Segment and from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines_client.config import Settings
from pipelines_client.history import RunOptions, replay

OWN = {"All": False, "Slack": True, "Customer.io": True}


@pytest.fixture
def exported(make_client: Callable[..., Any], sandbox: Any, tmp_path: Path) -> Any:
    """A client at the last stage, whose messages Customer.io has exported: one plain, two with integrations."""
    client = make_client(stage="complete")
    client.track("u1", "Ordered", {"note": {"integrations": {}}}, message_id="plain")
    client.track("u2", "Internal", integrations=OWN, context={"integrations": {}}, message_id="private")
    client.track("u3", "Internal", integrations={"Slack": {"channel": "ann@example.com"}}, message_id="options")
    assert client.flush(10)
    client._pipeline.close(0)
    sandbox.export(tmp_path / "out")
    return client


def sent(sandbox: Any) -> dict[str, Any]:
    """Return what Segment got as the integrations of each message."""
    return {call["messageId"]: call["integrations"] for call in sandbox.segment.accepted}


@pytest.mark.parametrize("source", ["ledger+archive", "replay-list"])
def test_a_messages_own_integrations_go_again_out_of_files_that_lack_them(
    exported: Any, sandbox: Any, tmp_path: Path, state_dir: Path, source: Any
) -> None:
    """The ledger has them, without what may be about people; that is told."""
    lines = [{"message_id": one, "side": "segment", "cause": "lost"} for one in ("plain", "private", "options")]
    at = {"occurred_at": "2026-11-01T10:00:00Z"}
    listed = tmp_path / "missing.jsonl"
    listed.write_text("".join(json.dumps({**line, **at}) + "\n" for line in lines), "utf-8")
    paths = listed if source == "replay-list" else ()
    archive = tmp_path / "out" / "customerio"
    summary = replay("segment", source, paths, archive=archive, settings=exported.settings)
    assert (summary.accepted, summary.lost) == (3, {"the options in its integrations": 1})
    assert sent(sandbox) == {"plain": {}, "private": OWN, "options": {"Slack": {}}}
    ledger = b"".join(path.read_bytes() for path in (state_dir / "ledger").rglob("*.jsonl"))
    assert b"ann@example.com" not in ledger


@pytest.mark.usefixtures("exported")
def test_what_no_ledger_has_is_refused_unless_it_may_widen(
    make_client: Callable[..., Any], sandbox: Any, tmp_path: Path
) -> None:
    """It is not known what it was kept from."""
    listed = tmp_path / "missing.jsonl"
    line = {"message_id": "private", "side": "segment", "cause": "lost", "occurred_at": "2026-11-01T10:00:00Z"}
    listed.write_text(json.dumps(line) + "\n", "utf-8")
    archive, elsewhere = tmp_path / "out" / "customerio", make_client(state_dir=tmp_path / "other").settings
    refused = replay("segment", "replay-list", listed, archive=archive, settings=elsewhere)
    assert (refused.refused, refused.exit_code, sandbox.segment.count) == ({"no_integrations": 1}, 1, 0)
    widened = replay(
        "segment", "replay-list", listed, archive=archive, settings=elsewhere, options=RunOptions(may_widen=True)
    )
    assert (widened.accepted, sent(sandbox)) == (1, {"private": {}})


def test_a_replay_that_was_interrupted_keeps_what_it_was_given(exported: Any, sandbox: Any, tmp_path: Path) -> None:
    """The newest record of a message is the run's own."""
    settings, archive = exported.settings, tmp_path / "out" / "customerio"
    sandbox.segment.answer(503)
    replay("segment", "ledger+archive", archive=archive, settings=settings, options=RunOptions(patience_s=0.0))
    sandbox.segment.normal()
    assert replay("segment", "ledger+archive", archive=archive, settings=settings).accepted == 3
    assert sent(sandbox)["private"] == OWN


def test_what_the_application_says_of_its_batches_is_what_commands_say(
    make_client: Callable[..., Any], sandbox: Any, tmp_path: Path, state_dir: Path
) -> None:
    """A command in another shell lacks the setting; one that says it is heeded; a client without it changes none."""
    make_client(segment_integrations="all_off").track("u1", "Ordered")
    settings = make_client(stage="dual").settings
    calls = tmp_path / "calls.jsonl"
    call = {"type": "track", "event": "Ordered", "userId": "u", "timestamp": "2026-11-01T10:00:00Z"}
    for own, expected in (({}, {"All": False}), ({"segment_integrations": {"Slack": False}}, {"Slack": False})):
        given = settings.load(**{**settings.model_dump(exclude_unset=True), **own})
        calls.write_text(json.dumps({**call, "messageId": f"m{len(own)}"}) + "\n", "utf-8")
        assert replay("segment", "jsonl", calls, settings=given).accepted == 1
        assert sandbox.segment.requests[-1].top["integrations"] == expected
    (state_dir / "segment-integrations.json").write_bytes(b"[]]")
    with pytest.raises(Exception, match=r"segment-integrations\.json is damaged; remove it"):
        settings.with_kept()


REFUSED = {"consent": {"categoryPreferences": {"Marketing": False}}}


def test_a_replay_brings_customerio_nothing_that_its_person_has_refused(
    make_client: Callable[..., Any], sandbox: Any, tmp_path: Path
) -> None:
    """By integrations and by category; out of the ledger, and out of an archive by what it says."""
    client = make_client(customerio_consent={"Marketing"})
    client.track("u1", "Ordered", message_id="plain")
    client.track("u2", "Ordered", message_id="by name", integrations={"Customer.io": False})
    client.track("u3", "Ordered", message_id="by all", integrations={"All": False, "Customer.io": False})
    client.track("u4", "Ordered", message_id="by category", context=REFUSED)
    assert client.flush(10)
    client._pipeline.close(0)
    assert sandbox.customerio.message_ids() == ["plain"]
    sandbox.export(tmp_path / "out")
    archive = tmp_path / "out" / "segment"
    out_of_ledger = replay("customerio", "ledger+archive", archive=archive, settings=client.settings)
    assert (out_of_ledger.chosen, dict(out_of_ledger.refused)) == (0, {})
    elsewhere = client.settings.model_copy(update={"state_dir": tmp_path / "other"})
    given = dict(client.settings.model_dump(exclude_unset=True).items())
    del given["customerio_consent"]  # as in a shell that lacks it: the application has kept it
    for settings in (client.settings, elsewhere, Settings.load(**given)):
        for may_widen in (False, True):
            options = RunOptions(may_widen=may_widen, is_dry_run=True)
            summary = replay("customerio", "segment-archive", archive, settings=settings, options=options)
            assert summary.refused == {"consent": 3}
            assert summary.chosen == (settings is elsewhere)


def test_what_only_the_ledger_knows_to_be_refused_is_left_out_too(
    make_client: Callable[..., Any], sandbox: Any, tmp_path: Path
) -> None:
    """The application's batches say the same of every message, so the archive does not show who refused."""
    client = make_client(segment_integrations="customerio_off")
    client.track("u1", "Ordered", message_id="refused", integrations={"Customer.io": False})
    assert client.flush(10)
    client._pipeline.close(0)
    sandbox.export(tmp_path / "out")
    summary = replay("customerio", "segment-archive", tmp_path / "out" / "segment", settings=client.settings)
    assert (summary.refused, summary.accepted, summary.exit_code) == ({"consent": 1}, 0, 1)
    assert sandbox.customerio.count == 0


def test_after_a_handover_an_archive_brings_what_our_leg_had_and_nothing_that_was_forwarded(
    make_client: Callable[..., Any], sandbox: Any, tmp_path: Path
) -> None:
    """The mark in the archive tells them apart, without a ledger as well."""
    path = tmp_path / "stage.toml"
    path.write_text('stage = "shadow"\n[customerio]\nshare = 0\n[handover]\nat = "2026-01-01T00:00:00Z"\n')
    client = make_client(stage_file=path)
    client.track("u1", "Ordered", message_id="forwarded")
    assert client.flush(10)
    client._pipeline.close(0)
    path.write_text('stage = "dual"\n[handover]\nat = "2026-01-01T00:00:00Z"\n')
    other = make_client(stage_file=path, customerio_switch="discard")
    other.track("u1", "Ordered", message_id="ours")
    assert other.flush(10)
    other._pipeline.close(0)
    sandbox.export(tmp_path / "out")
    for state in ("state", "elsewhere"):
        settings = client.settings.model_copy(update={"state_dir": tmp_path / state})
        options = RunOptions(is_dry_run=True)
        summary = replay(
            "customerio", "segment-archive", tmp_path / "out" / "segment", settings=settings, options=options
        )
        assert (summary.refused, summary.chosen) == ({"handover": 1}, 1)
