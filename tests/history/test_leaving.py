"""What a run leaves out: what waits, and what this destination has accepted; and what it does not know."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from pipelines_client.clock import utc_now
from pipelines_client.config import Settings
from pipelines_client.delivery.draining import drain
from pipelines_client.delivery.requeueing import requeue
from pipelines_client.errors import LedgerError
from pipelines_client.history import Refusal, RunOptions, Summary, backfill, replay
from pipelines_client.history.summary import lines_of
from pipelines_client.parity import ParityOptions, run_parity
from pipelines_client.sandbox import Sandbox
from pipelines_client.state.dead_letters import read_dead_letters
from pipelines_client.state.runfile import RunFile

DAY = "2026-11-02T09:30:00Z"
ONCE = {"m0": 1, "m1": 1, "m2": 1}


@pytest.fixture
def settings(client: Any) -> Settings:
    """Both keys, at the sandbox."""
    found: Settings = client.settings
    return found


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """Three calls."""
    lines = ({"type": "track", "event": "E", "userId": "u", "messageId": f"m{n}", "timestamp": DAY} for n in range(3))
    path = tmp_path / "calls.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def listed(tmp_path: Path) -> Callable[..., Path]:
    """Write a replay list by hand that names the three for Customer.io."""

    def write(**more: Any) -> Path:
        about = {"side": "customerio", "cause": "accepted_but_absent", "event": "E", "occurred_at": DAY, **more}
        path = tmp_path / "missing.jsonl"
        path.write_text("".join(json.dumps({"message_id": f"m{n}", **about}) + "\n" for n in range(3)))
        return path

    return write


def arrived(sandbox: Any) -> Counter[str]:
    return Counter(sandbox.customerio.message_ids())


def test_a_rehearsal_elsewhere_leaves_the_real_run_untouched(settings: Settings, sandbox: Any, calls: Path) -> None:
    """Also one with another key at the same host; each destination has its own book."""
    with Sandbox() as staging:
        there = settings.model_copy(update={"host": staging.customerio.url})
        assert backfill(calls, settings=there).accepted == 3
        assert backfill(calls, settings=there).already_sent == 3
    assert backfill(calls, settings=settings).accepted == 3
    assert backfill(calls, settings=settings).already_sent == 3
    assert arrived(sandbox) == ONCE


def test_records_that_do_not_say_where_count_and_are_said(settings: Settings, calls: Path, state_dir: Path) -> None:
    """An older version wrote them."""
    backfill(calls, settings=settings)
    (path,) = (state_dir / "ledger").rglob("*.gz")
    old = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    path.write_bytes(gzip.compress(b"".join(json.dumps({**each, "destination": ""}).encode() + b"\n" for each in old)))
    summary = backfill(calls, settings=settings)
    assert (summary.already_sent, summary.unplaced, summary.chosen) == (3, 3, 0)


def test_what_waits_in_a_spool_is_left_to_it(settings: Settings, sandbox: Any, make_client: Any, calls: Path) -> None:
    """Of a living client, and of a dead one for which `drain` comes."""
    client = make_client()
    sandbox.customerio.answer(503)
    for number in range(3):
        client.track("u", "E", message_id=f"m{number}")
    summary = backfill(calls, settings=settings)
    assert (summary.waiting, summary.chosen, summary.exit_code) == (3, 0, 1)
    client._pipeline.close(0)
    assert replay("customerio", "jsonl", calls, settings=settings).waiting == 3
    sandbox.customerio.normal()
    drain(settings, timeout_s=10)
    assert replay("customerio", "jsonl", calls, settings=settings).already_sent == 3
    assert arrived(sandbox) == ONCE


def test_a_list_is_compared_by_when_its_evidence_ends(
    settings: Settings, sandbox: Any, calls: Path, listed: Callable[..., Path]
) -> None:
    """An acceptance before that has not arrived; one after it, the list cannot know."""
    sandbox.customerio.answer(200, accept=False)
    backfill(calls, settings=settings)
    sandbox.customerio.normal()

    def again(**more: Any) -> Summary:
        return replay("customerio", "replay-list", listed(**more), archive=f"jsonl:{calls}", settings=settings)

    assert again(absent_until="2026-01-01T00:00:00Z").already_sent == 3
    assert again(absent_until=utc_now().isoformat()).accepted == 3
    assert again(absent_until=utc_now().isoformat()).accepted == 3  # lost again, as it says
    assert sandbox.customerio.count == 6


def test_a_list_that_does_not_say_when_its_evidence_ends_is_as_old_as_its_file(
    settings: Settings, calls: Path, listed: Callable[..., Path]
) -> None:
    """A list by hand: the same file sends once, the same lines written again are new."""
    backfill(calls, settings=settings)
    path = listed()
    os.utime(path, (0, 1_000_000_000))
    run: Callable[[], Summary] = lambda: replay(  # noqa: E731 - short
        "customerio", "replay-list", path, archive=f"jsonl:{calls}", settings=settings
    )
    assert run().already_sent == 3
    later = utc_now().timestamp() + 1
    os.utime(path, (later, later))
    assert run().accepted == 3


def test_what_was_replayed_and_lost_is_in_paritys_next_list_and_goes_again(
    settings: Settings, client: Any, sandbox: Any, state_dir: Path, tmp_path: Path
) -> None:
    """What a requeue has brought since an older list stays away."""
    sandbox.customerio.answer(200, accept=False)
    client.track("u", "Lost", message_id="lost")
    assert client.flush(10)
    sandbox.customerio.answer(400)
    client.track("u", "Refused", message_id="refused")
    assert client.flush(10)
    sandbox.customerio.normal()
    client.track("u", "Fine")  # so that the export reaches beyond the others
    assert client.flush(10)

    def brought() -> Summary:
        sandbox.export(tmp_path / "out")
        paths = {"ledger": state_dir, **{side: tmp_path / "out" / side for side in ("segment", "customerio")}}
        run_parity(paths, ParityOptions(replay_list=tmp_path / "missing.jsonl"), now=utc_now())
        return run()

    def run() -> Summary:
        archive = tmp_path / "out" / "segment"
        return replay("customerio", "replay-list", tmp_path / "missing.jsonl", archive=archive, settings=settings)

    sandbox.customerio.answer(200, accept=False)
    assert (brought().accepted, run().already_sent) == (2, 2)
    sandbox.customerio.normal()
    assert (brought().accepted, run().already_sent) == (2, 2)
    assert {"lost", "refused"} <= arrived(sandbox).keys()
    assert set(arrived(sandbox).values()) == {1}


def test_letters_that_were_requeued_since_a_list_was_written_stay_away(
    settings: Settings, client: Any, sandbox: Any, listed: Callable[..., Path], calls: Path, state_dir: Path
) -> None:
    """A list older than a requeue, which was delivered."""
    sandbox.customerio.answer(400)
    for number in range(3):
        client.track("u", "E", message_id=f"m{number}")
    assert client.flush(10)
    sandbox.customerio.normal()
    path = listed(absent_until=utc_now().isoformat(), cause="rejected")
    assert requeue(settings, read_dead_letters(state_dir / "dead-letters")).put == 3
    waiting = replay("customerio", "replay-list", path, archive=f"jsonl:{calls}", settings=settings)
    drain(settings, timeout_s=10)
    summary = replay("customerio", "replay-list", path, archive=f"jsonl:{calls}", settings=settings)
    assert (waiting.waiting, summary.already_sent, summary.chosen) == (3, 3, 0)
    assert arrived(sandbox) == ONCE


def test_an_acceptance_outlives_what_comes_after_it(settings: Settings, sandbox: Any, calls: Path) -> None:
    """Interrupted repeats and refused ones."""
    backfill(calls, settings=settings)
    for status in (503, 400):
        sandbox.customerio.answer(status)
        assert backfill(calls, settings=settings, options=RunOptions(again=True, patience_s=0.2)).exit_code == 1
    sandbox.customerio.normal()
    assert backfill(calls, settings=settings).already_sent == 3
    archive = f"jsonl:{calls}"
    assert replay("customerio", "ledger+archive", archive=archive, settings=settings).read == 0
    assert arrived(sandbox) == ONCE


def test_of_a_ledger_what_another_key_has_accepted_is_left_out_unless_it_is_asked_for(
    settings: Settings, client: Any, sandbox: Any, calls: Path
) -> None:
    """What this one was meant to get and lacks, it gets, also after a rehearsal."""
    backfill(calls, settings=settings)
    sandbox.customerio.answer(400)
    client.track("u", "Refused", message_id="refused")
    assert client.flush(10)
    sandbox.customerio.normal()
    archive = calls.with_name("archive.jsonl")
    archive.write_text(calls.read_text() + calls.read_text().splitlines()[0].replace("m0", "refused") + "\n")
    other = settings.model_copy(update={"write_key": SecretStr("another-key")})

    def run(settings: Settings, **options: Any) -> Summary:
        given = RunOptions(**options)
        return replay("customerio", "ledger+archive", archive=f"jsonl:{archive}", settings=settings, options=given)

    rehearsal = run(other)
    assert (rehearsal.read, rehearsal.elsewhere, rehearsal.accepted) == (1, 3, 1)
    assert run(settings).accepted == 1
    assert run(other, to_current=True).accepted == 3
    assert run(settings).read == 0


def test_letters_of_another_key_are_left_and_those_that_a_rehearsal_has_sent_stay_listed(
    settings: Settings, client: Any, sandbox: Any, state_dir: Path
) -> None:
    """They wait for their own key."""
    sandbox.customerio.answer(400)
    client.track("u", "Refused", message_id="m0")
    assert client.flush(10)
    sandbox.customerio.normal()
    other = settings.model_copy(update={"write_key": SecretStr("another-key")})
    left = replay("customerio", "dead-letters", settings=other)
    assert (left.letters_elsewhere, left.read, left.exit_code) == (1, 0, 1)
    assert replay("customerio", "dead-letters", settings=other, options=RunOptions(to_current=True)).accepted == 1
    assert len(read_dead_letters(state_dir / "dead-letters")) == 1
    assert replay("customerio", "dead-letters", settings=settings).accepted == 1
    assert read_dead_letters(state_dir / "dead-letters") == []


@pytest.mark.parametrize("damage", ["cut", "removed"])
def test_over_a_ledger_that_cannot_be_read_whole_a_run_refuses_and_says_how_many_may_arrive_twice(
    settings: Settings, sandbox: Any, calls: Path, state_dir: Path, damage: str
) -> None:
    """A cut file, and one that is gone while its writer's run file counts what was accepted."""
    backfill(calls, settings=settings)
    (path,) = (state_dir / "ledger").rglob("*.gz")
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-12])
    else:
        path.unlink()
    for options in (RunOptions(), RunOptions(is_dry_run=True)):
        with pytest.raises(LedgerError, match=r"cannot be read whole.*[13] may have been accepted.*--resend-unknown"):
            backfill(calls, settings=settings, options=options)
    assert sandbox.customerio.count == 3
    summary = backfill(calls, settings=settings, options=RunOptions(resend_unknown=True))
    assert summary.unknown == summary.accepted > 0


def test_a_damaged_line_matters_to_its_own_message_only_and_one_that_is_under_way_is_said(
    settings: Settings, calls: Path, state_dir: Path
) -> None:
    """Any kill, and any full disk, may leave one that ends early: its message goes again in any case."""
    file = state_dir / "ledger" / "2026-11-02" / "dead.jsonl"
    file.parent.mkdir(parents=True)
    (state_dir / "run").mkdir()
    RunFile({}, writer="dead").write(state_dir / "run" / "dead.json")
    for text in ('{"message_id":"m9"!}\n', '{"message_id":"m9"!}\n{"message_id":"m0","leg":"custo\n'):
        file.write_text(text)
        summary = backfill(calls, settings=settings, options=RunOptions(is_dry_run=True))
        assert (summary.chosen, summary.unknown) == (3, text.count("m0"))
    file.write_text('{"message_id":"m1"!}\n')
    with pytest.raises(LedgerError, match="1 may have been accepted"):
        backfill(calls, settings=settings)


def test_a_ledger_that_is_not_there_is_an_error_before_anything_is_made(settings: Settings, calls: Path) -> None:
    """The other host's may have what is sent."""
    with pytest.raises(LedgerError, match="no such file"):
        replay("customerio", "jsonl", calls, ledger="mistyped", settings=settings)


def test_an_older_identify_over_a_newer_one_is_counted_and_named_and_left_out_if_asked(
    client: Any, sandbox: Any, settings: Settings, tmp_path: Path
) -> None:
    """Only of the same person, and only if the newer one was accepted; events are never stale."""
    client.identify("u1", {"plan": "pro"}, timestamp=datetime(2026, 11, 3, tzinfo=timezone.utc))
    sandbox.customerio.wait_for(1)
    sandbox.customerio.answer(400)
    client.identify("u2", {"plan": "pro"}, timestamp=datetime(2026, 11, 3, tzinfo=timezone.utc))
    assert client.flush(10)
    sandbox.customerio.normal()
    path = tmp_path / "calls.jsonl"
    lines = [
        {
            "type": kind,
            "userId": person,
            "messageId": f"{kind}-{person}-{day}",
            "timestamp": f"2026-11-0{day}T00:00:00Z",
            **({"traits": {"plan": "free", "seats": 3}} if kind == "identify" else {}),
        }
        for kind, person, day in (
            ("identify", "u1", 2),
            ("identify", "u1", 4),
            ("identify", "u2", 2),
            ("track", "u1", 2),
        )
    ]
    path.write_text("".join(json.dumps({**line, "event": "E"}) + "\n" for line in lines), "utf-8")
    dry = backfill(path, settings=settings, options=RunOptions(is_dry_run=True))
    assert (dry.chosen, dry.stale, dry.stale_traits, dry.stale_places) == (4, 1, 2, ["calls.jsonl:1"])
    assert any("1 identify call is older" in line and "calls.jsonl:1" in line for line in lines_of(dry))
    assert any("2 traits may take no effect" in line for line in lines_of(dry))
    named: list[Refusal] = []
    done = backfill(path, settings=settings, options=RunOptions(skip_stale=True, on_refused=named.append))
    assert (done.read, done.skipped_stale, done.stale, done.accepted, done.exit_code) == (4, 1, 0, 3, 0)
    assert done.stale_traits == 2
    assert named == [Refusal("calls.jsonl:1", "stale", "identify-u1-2")]
