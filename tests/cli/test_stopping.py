"""A command that sends is stopped after the request under way: its answer is recorded, and nothing goes twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines_client.cli.app import app
from pipelines_client.clock import utc_now

# signals of another process, such as a script that starts this one in the background, are not inherited as ignored
_HEARD = "import signal; [signal.signal(s, signal.SIG_DFL) for s in (signal.SIGHUP, signal.SIGTERM)]"
_RUN = f"{_HEARD}; signal.signal(signal.SIGINT, signal.default_int_handler)"
_MAIN = f"{_RUN}; from pipelines_client.cli import main; main()"


@pytest.fixture
def words(request: pytest.FixtureRequest, make_client: Any, tmp_path: Path, state_dir: Path) -> list[str]:
    """A command, and what it sends: a file of calls, or what a client left."""
    if request.param == "drain":
        client = make_client(host="http://127.0.0.1:9", segment_write_key=None)
        client.track("u1", "E")
        client._pipeline.close(0)
        return ["drain", "--to-current", "--state-dir", str(state_dir)]
    (tmp_path / "rows.csv").write_text(f"who,day\nu1,{utc_now().date().isoformat()}\n", "utf-8")
    columns = 'time = "day"\nuser_id = "who"\nidempotency = ["who"]\ndefault_event = "E"\n'
    (tmp_path / "map.toml").write_text(columns, "utf-8")
    files = [str(tmp_path / "rows.csv"), "--map", str(tmp_path / "map.toml")]
    return ["backfill", *files, "--rate", "0", "--state-dir", str(state_dir)]


@pytest.mark.parametrize("numbers", [[signal.SIGTERM], [signal.SIGHUP], [signal.SIGINT, signal.SIGINT]])
@pytest.mark.parametrize("words", ["backfill", "drain"], indirect=True)
def test_an_answer_that_comes_after_a_signal_is_recorded(
    words: list[str], numbers: Sequence[signal.Signals], sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of a session, a shutdown, an impatient second Ctrl-C: the same command has nothing more to send."""
    monkeypatch.setenv("PIPELINES_WRITE_KEY", "cio-key")
    monkeypatch.setenv("PIPELINES_HOST", sandbox.customerio.url)
    sandbox.customerio.delay_s = 0.5  # it has the message, and answers later
    process = subprocess.Popen(
        [sys.executable, "-c", _MAIN, *words], stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    while not sandbox.customerio.count and process.poll() is None:
        time.sleep(0.01)
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.05)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "stopping after the request under way" in errors
    again = CliRunner().invoke(app, words)
    assert (again.exit_code, sandbox.customerio.count) == (0, 1), again.output
