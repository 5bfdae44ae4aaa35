from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines_client.cli.app import app
from pipelines_client.clock import utc_now
from pipelines_client.config import Settings
from pipelines_client.delivery.draining import DrainResult, drain
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.delivery.status import read_status
from pipelines_client.identity import hash_identity, primary_identity
from pipelines_client.state.identity_key import read_identity_key


def test_what_drain_delivers_has_the_identity_in_the_ledger_that_the_client_would_have_written(
    make_client: Any, sandbox: Any, ledger: Any, state_dir: Path
) -> None:
    """Else parity finds another person in each message that a later process delivered."""
    client = make_client(host="http://127.0.0.1:9", segment_write_key=None)
    assert client.track("user-42", "E", message_id="m1")[0]
    client._pipeline.close(0)
    key = read_identity_key(state_dir)
    settings = Settings.load(write_key="another-key", host=sandbox.customerio.url, state_dir=str(state_dir))
    drain(settings, timeout_s=10, to_current=True)
    assert key is not None
    assert [record.identity for record in ledger.records()] == [
        hash_identity(key, primary_identity("user-42", None, None))
    ]


def test_a_drain_whose_time_is_up_waits_for_the_answer_under_way(
    make_client: Any, sandbox: Any, state_dir: Path
) -> None:
    """Else its messages, which arrived, would go again with the next drain."""
    client = make_client(host="http://127.0.0.1:9", segment_write_key=None)
    assert client.track("user-42", "E")[0]
    client._pipeline.close(0)
    sandbox.customerio.delay_s = 1.4  # longer than the drain's time, and than its senders had to end
    settings = Settings.load(write_key="another-key", host=sandbox.customerio.url, state_dir=str(state_dir))
    done = drain(settings, timeout_s=0.3, to_current=True)
    assert (done.settled, done.is_complete) == ({"customerio": 1}, True)
    assert sandbox.customerio.count == 1


def test_a_drain_is_not_complete_while_a_killed_run_left_messages(
    state_dir: Path, make_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They wait for the same replay or backfill: the drain leaves them, and says so, as `status` does."""
    client = make_client(host="http://127.0.0.1:9", segment_write_key=None)
    assert client.track("user-42", "E")[0]
    client._pipeline.close(0)
    (state_dir / "replays").mkdir(exist_ok=True)
    for file in (state_dir / "spool").iterdir():
        file.rename(state_dir / "replays" / file.name)
    done = drain(Settings.load(write_key="key", state_dir=str(state_dir)), timeout_s=1)
    assert (done.interrupted, done.is_complete) == ({"customerio": 1}, False)
    assert read_status(state_dir, now=utc_now()).interrupted == {"customerio": 1}
    monkeypatch.setenv("PIPELINES_WRITE_KEY", "key")
    told = [CliRunner().invoke(app, [name, "--state-dir", str(state_dir)]) for name in ("drain", "status")]
    assert told[0].exit_code == 1
    assert all("interrupted replay or backfill" in each.output for each in told)


def test_a_drain_says_what_living_processes_have_in_hand_and_is_no_success(
    state_dir: Path, make_client: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client whose API is down, with its process; once it has delivered, nothing is left."""
    sandbox.customerio.answer(503)
    client = make_client(segment_write_key=None)
    assert client.track("user-42", "E")[0]
    assert client.track("user-42", "F")[0]
    settings = Settings.load(write_key="cio-key", host=sandbox.customerio.url, state_dir=str(state_dir))
    done = drain(settings, timeout_s=1)
    (holder,) = done.held
    assert (holder.messages, holder.process.run.pid, done.left, done.is_complete) == (
        {"customerio": 2},
        os.getpid(),
        {},
        False,
    )
    monkeypatch.setenv("PIPELINES_WRITE_KEY", "cio-key")
    told = CliRunner().invoke(app, ["drain", "--state-dir", str(state_dir)])
    assert told.exit_code == 1
    assert f"customerio: 2 messages are in the hands of a living process: {holder.process.name}" in told.stdout
    assert "run drain again once it has ended" in told.output
    assert "nothing was left" not in told.output
    sandbox.customerio.normal()
    assert client.flush(10)
    assert drain(settings, timeout_s=1).is_complete


def test_a_second_drain_says_what_the_first_one_has(state_dir: Path, make_client: Any, sandbox: Any) -> None:
    """It has taken over the spool of a dead process, whose name it goes by, with its own process id."""
    client = make_client(host="http://127.0.0.1:9", segment_write_key=None)
    assert client.track("user-42", "E")[0]
    client._pipeline.close(0)
    sandbox.customerio.delay_s = 1.5
    settings = Settings.load(write_key="another-key", host=sandbox.customerio.url, state_dir=str(state_dir))
    first: list[DrainResult] = []
    thread = threading.Thread(target=lambda: first.append(drain(settings, timeout_s=9, to_current=True)))
    thread.start()
    assert sandbox.customerio.wait_for(1, 5)
    second = drain(settings, timeout_s=1)
    thread.join()
    assert [holder.messages for holder in second.held] == [{"customerio": 1}]
    assert (second.settled, second.is_complete) == ({}, False)
    assert (first[0].settled, first[0].is_complete, sandbox.customerio.count) == ({"customerio": 1}, True, 1)


def test_a_run_that_lives_is_named_and_not_taken_for_an_interrupted_one(
    state_dir: Path, make_client: Any, sandbox: Any
) -> None:
    """Its spool is in another folder."""
    client = make_client(segment_write_key=None)
    client.track("u", "E")
    assert client.flush(timeout=5)
    (state_dir / "replays").mkdir(exist_ok=True)
    writer = "replay-customerio-0a"
    spool = Spool(state_dir / "replays" / f"{writer}.db", legs={"customerio": "elsewhere"}, writer=writer)
    spool.append(b"", b"{}", {})
    settings = Settings.load(write_key="cio-key", host=sandbox.customerio.url, state_dir=str(state_dir))
    done = drain(settings, timeout_s=1)
    assert [(holder.process.name, holder.messages) for holder in done.held] == [(writer, {"customerio": 1})]
    assert (done.interrupted, done.is_complete) == ({}, False)
    spool.close()
    assert drain(settings, timeout_s=1).interrupted == {"customerio": 1}


@pytest.mark.parametrize("name", ["old.db", "w-1-0a.1.log.damaged"])
def test_a_drain_over_a_file_that_it_cannot_read_is_no_success(
    state_dir: Path, make_client: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Of another version, or set aside as damaged: what is in it was not delivered, and `status` names it too."""
    make_client(segment_write_key=None).track("u", "E")
    assert sandbox.customerio.wait_for(1, 5)
    (state_dir / "spool" / name).write_bytes(b"SQLite format 3\0")
    monkeypatch.setenv("PIPELINES_WRITE_KEY", "cio-key")
    monkeypatch.setenv("PIPELINES_HOST", sandbox.customerio.url)
    told = [CliRunner().invoke(app, [command, "--state-dir", str(state_dir)]) for command in ("drain", "status")]
    assert [each.exit_code for each in told] == [1, 3]
    assert all(f"unreadable: {name}" in each.stdout for each in told)
