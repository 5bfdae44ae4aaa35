"""`pipelines-client status`, through the real command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from commands import Commands

from pipelines_client import Client
from pipelines_client.clock import utc_now
from pipelines_client.delivery.status import read_status, why_unreadable
from pipelines_client.errors import LedgerError


@pytest.fixture
def status(commands: Commands) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `pipelines-client status` with these words."""
    return partial(commands.run, "status")


def test_status_accounts_for_every_message_and_prints_the_sum(status: Any, make_client: Any, sandbox: Any) -> None:
    """Accepted, rejected, skipped, dropped and pending, by leg and reason, while the process lives."""
    client = make_client(upload_interval=0)
    client.track("u1", "E")
    client.track("u1", "User Deleted")
    client.track("u1", "E", {"text": "x" * 40_000})
    client.flush(timeout=5)
    sandbox.segment.answer(400)
    client.track("u1", "E")
    client.flush(timeout=5)
    sandbox.customerio.answer(401, body={"message": "unknown key"})
    client.track("u1", "E")
    client.flush(timeout=5)
    client._pipeline._lanes[0].publish(force=True)
    done = status("--json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert found["is_balanced"]
    assert found["writers"] == {"living": 1, "dead_with_messages": 0}
    customerio, segment = found["legs"]["customerio"], found["legs"]["segment"]
    assert customerio["recorded"] == segment["recorded"] == 5
    assert (customerio["accepted"], customerio["pending"]) == (2, 1)
    assert customerio["skipped"] == {"reserved_name": 1}
    assert customerio["dropped"] == segment["dropped"] == {"too_large": 1}
    assert customerio["state"] == "paused"
    assert customerio["last_error"] == "http_401 unknown key"
    assert customerio["lag_s"] >= 0
    assert segment["rejected"] == {"http_400": 2}
    assert segment["accepted"] == 2
    assert segment["last_success_at"]
    assert (segment["state"], segment["dead_letters"]) == ("refusing", 2)
    text = status().stdout
    assert "customerio is paused: its key, its host or the way there is wrong (http_401 unknown key)" in text
    assert "segment is refusing" in text
    assert "pipelines-client dead-letters list --leg segment --state-dir" in text
    assert "customerio: recorded 5 = 1 + 2 + 0 + 1 + 1: holds" in text
    assert "too_large" in text


def test_writers_that_ended_long_ago_are_forgotten(make_client: Any, state_dir: Path) -> None:
    """A month after its end, and with nothing left: a process that waits to be adopted is kept, however old."""
    run, spool = state_dir / "run", state_dir / "spool"
    run.mkdir(parents=True)
    spool.mkdir()
    for name in ("ended", "left", "recent"):
        (run / f"{name}.json").write_text('{"legs": {}}')
    for name in ("ended", "left"):
        os.utime(run / f"{name}.json", (0, 0))
    (spool / "left.db").write_bytes(b"no spool")
    client = make_client()
    client.track("u1", "E")
    client.flush(timeout=5)
    kept = {file.stem for file in run.glob("*.json")}
    assert {"left", "recent"} < kept
    assert "ended" not in kept


def test_a_sum_that_does_not_hold_is_a_failure(status: Any, make_client: Any, state_dir: Path) -> None:
    """Exit code 1, and it says which leg."""
    client = make_client()
    client.track("u1", "E")
    client.flush(timeout=5)
    client._pipeline.close(0)
    (file,) = (state_dir / "run").glob("*.json")
    content = json.loads(file.read_text())
    content["legs"]["segment"]["recorded"] += 1
    file.write_text(json.dumps(content))
    done = status()
    assert done.returncode == 1
    assert "segment: recorded 2 ≠ 0 + 1 + 0 + 0 + 0: DOES NOT HOLD" in done.stdout


def test_no_such_directory_is_bad_input(status: Any, tmp_path: Path) -> None:
    """Named, with the cure, exit code 2, no traceback."""
    done = status("--state-dir", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert "PIPELINES_STATE_DIR" in done.stderr
    assert "Traceback" not in done.stderr
    with pytest.raises(LedgerError):
        read_status(tmp_path, now=utc_now())


def test_an_unreadable_run_file_is_named(status: Any, make_client: Any, state_dir: Path) -> None:
    """The rest still counts."""
    client = make_client()
    client.track("u1", "E")
    client.flush(timeout=5)
    client._pipeline._lanes[0].publish(force=True)
    (state_dir / "run" / "broken.json").write_text("{")
    found = read_status(state_dir, now=utc_now())
    assert found.unreadable == ["broken.json"]
    assert found.legs["segment"].recorded == 1
    assert status().returncode == 3


def test_a_process_that_is_suspended_is_named_and_nothing_is_proven(
    status: Any, make_client: Any, state_dir: Path
) -> None:
    """It holds its spool and writes no run file: exit code 3, although all counts add up."""
    client = make_client()
    client.track("u1", "E")
    client.flush(timeout=5)
    lane = client._pipeline._lanes[0]
    run, path = lane.report(), state_dir / "run" / f"{lane.spool.writer}.json"
    client._pipeline.stop()
    replace(run, updated_at="2026-01-01T00:00:00.000Z").write(path)
    done = status("--json")
    (silent,) = json.loads(done.stdout)["silent"]
    assert (done.returncode, silent["writer"], silent["pid"]) == (3, lane.spool.writer, os.getpid())
    assert "silent for" in status().stdout
    run.write(path)


def test_what_was_wrong_with_a_process_that_ended_is_past_once_another_one_delivers(
    make_client: Any, sandbox: Any, state_dir: Path
) -> None:
    """Else a key that was wrong for a minute would show for thirty days."""
    sandbox.customerio.answer(400)
    first = make_client(segment_write_key=None)
    first.track("u1", "E")
    first.flush(timeout=5)
    first._pipeline.close(0)
    found = read_status(state_dir, now=utc_now()).legs["customerio"]
    assert (found.state, found.accepted) == ("refusing", 0)
    assert found.problem
    sandbox.customerio.normal()
    second = make_client(segment_write_key=None)
    second.track("u1", "E")
    second.flush(timeout=5)
    second._pipeline.close(0)
    found = read_status(state_dir, now=utc_now()).legs["customerio"]
    assert (found.state, found.problem) == ("ok", None)


@pytest.mark.parametrize(("host", "why"), [(None, "http_503"), ("http://127.0.0.1:9", "no_answer refused")])
def test_a_leg_that_never_delivered_is_bad_news(
    status: Any, make_client: Any, sandbox: Any, host: str | None, why: str
) -> None:
    """An API that is down from the first request, or no host at all: not called ok before it is unhealthy."""
    sandbox.customerio.answer(503)
    client = make_client(segment_write_key=None, **({"host": host} if host else {}))
    client.track("u1", "E")
    client.flush(timeout=0.3)
    client._pipeline._lanes[0].publish(force=True)
    done = status()
    assert done.returncode == 1
    assert f"customerio has never delivered a message ({why}" in done.stdout
    done = status("--json")
    assert done.returncode == 1
    leg = json.loads(done.stdout)["legs"]["customerio"]
    assert (leg["state"], why in leg["problem"]) == ("failing", True)
    assert 'pipelines_client_leg_healthy{leg="customerio"} 0' in status("--format", "openmetrics").stdout


@pytest.mark.skipif(not hasattr(os, "fork") or os.geteuid() != 0, reason="becomes another user")
@pytest.mark.parametrize("folder", ["ledger/2026-12-01", "run", "spool"])
def test_a_folder_that_this_user_may_not_look_into_is_named(make_client: Any, state_dir: Path, folder: str) -> None:
    """A search in it finds nothing, and says nothing: an empty ledger would look like a whole one."""
    client = make_client()
    client.track("u", "E")
    client.shutdown(5)
    (state_dir / folder).mkdir(parents=True, exist_ok=True)
    (state_dir / folder).chmod(0o700)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.fchdir(os.open(state_dir, os.O_RDONLY))
            for each in (state_dir, *state_dir.iterdir()):
                if each.is_dir() and each.name != folder:
                    each.chmod(0o755)
            os.setuid(1234)
            found = read_status(Path(), now=utc_now()).unreadable
            os.write(writing, json.dumps(found).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert f"{folder}/" in json.loads(os.read(reading, 65_536))
    assert "may not look into" in why_unreadable(f"{folder}/")
    os.close(reading)
    os.close(writing)


def test_a_process_that_was_killed_a_moment_ago_does_not_run(state_dir: Path, make_client: Any) -> None:
    """The lock of its spool is free, with any state in its run file; one that lives is there."""
    pid = os.fork()
    if not pid:
        client = Client("k", host="http://127.0.0.1:9", state_dir=state_dir)
        client.track("u", "E")
        client._pipeline._lanes[0].publish(force=True)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    found = read_status(state_dir, now=utc_now())
    assert [run.name for run in (state_dir / "run").iterdir()]
    assert (found.processes, found.legs["customerio"].pending) == ([], 1)
    make_client().track("u", "E")
    assert [process.run.pid for process in read_status(state_dir, now=utc_now()).processes] == [os.getpid()]


def test_what_a_living_process_has_taken_is_counted_before_it_says_so(
    make_client: Any, state_dir: Path, sandbox: Any
) -> None:
    """Its run file is up to a second old, or says nothing of a batch that fills; its spool is on disk."""
    client = make_client(upload_interval=60)
    client.track("u", "E")
    client._pipeline._lanes[0].publish(force=True)
    for _ in range(3):
        client.track("u", "E")
    found = read_status(state_dir, now=utc_now())
    assert {name: (leg.recorded, leg.pending) for name, leg in found.legs.items()} == {
        "customerio": (4, 4),
        "segment": (4, 4),
    }
    assert client.flush(timeout=5)
    found = read_status(state_dir, now=utc_now())
    assert {leg.accepted for leg in found.legs.values()} == {4}
    assert found.is_balanced
    assert sandbox.segment.count == 4
