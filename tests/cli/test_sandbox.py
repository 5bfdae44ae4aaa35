"""`pipelines-client sandbox`, as a process that is started, used and interrupted."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import urllib3

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = [
    sys.executable,
    "-c",
    "import sys; sys.argv.insert(1, 'sandbox'); from pipelines_client.cli import main; main()",
]


@contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Start the command and read what it announces, up to the line that says how to stop it."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        announced = {}
        for line in process.stdout:
            name, _, value = line.strip().removeprefix("export ").partition("=")
            announced[name] = value
            if "Ctrl-C" in line:
                break
        yield process, announced
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def send(host: str, **message: str) -> None:
    """Post one track."""
    body = json.dumps({"userId": "u1", "event": "Order Completed", **message})
    headers = urllib3.make_headers(basic_auth="key:")
    assert urllib3.request("POST", f"{host}/v1/track", body=body, headers=headers).status == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_announces_itself_and_exports_when_it_is_stopped(tmp_path, number):
    """The lines to paste work, and a signal ends in both exports and a summary."""
    out = tmp_path / "exports"
    with running("--out", str(out)) as (process, announced):
        assert announced["PIPELINES_WRITE_KEY"]
        assert announced["PIPELINES_SEGMENT_WRITE_KEY"]
        send(announced["PIPELINES_HOST"], messageId="m1")
        send(announced["PIPELINES_SEGMENT_HOST"], messageId="m1")
        send(announced["PIPELINES_SEGMENT_HOST"], messageId="m2", userId="")
        process.send_signal(number)
        printed, failed = process.communicate(timeout=10)
    assert (process.returncode, failed) == (0, "")
    assert f"{out}/customerio: 1 messages in 1 files" in printed
    assert f"{out}/segment: 1 messages in 1 files; lost behind a 200: 1 no_user_anon_id" in printed
    assert len(list(out.rglob("*.gz"))) == 1
    assert len(list((out / "customerio").glob("*.json"))) == 1


def test_without_a_folder_it_takes_a_new_one_and_names_it():
    """What was accepted is in the folder that the command names."""
    with running() as (process, announced):
        send(announced["PIPELINES_HOST"], messageId="m1")
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=10)
    folder = re.search(r"^(.+)/customerio: 1 messages in 1 files$", printed, re.MULTILINE)[1]
    (line,) = Path(folder, "customerio", "2184.13699.1.track.json").read_text().splitlines()
    assert json.loads(line)["id"] == "m1"
    shutil.rmtree(folder)


def test_a_kill_loses_about_a_second(tmp_path):
    """The exports are written while it runs: what was there a moment ago survives a SIGKILL."""
    with running("--out", str(tmp_path)) as (process, announced):
        send(announced["PIPELINES_HOST"], messageId="m1")
        storage = tmp_path / "customerio" / "2184.13699.1.track.json"
        wait_for_file(process, storage)
        process.kill()
        process.wait()
    assert json.loads(storage.read_text())["id"] == "m1"


def wait_for_file(process: subprocess.Popen[str], path) -> None:
    """Wait until a file is there, or the process is gone, or ten seconds are over."""
    for _ in range(1000):
        if path.exists():
            return
        try:
            process.wait(0.01)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError(f"{path} was never written")


def test_keys_and_scenario_are_taken_from_the_options(tmp_path):
    """A key for one API, a key for all, and a planted fault in the summary."""
    scenario = tmp_path / "faults.toml"
    scenario.write_text("[[customerio.swallow]]\nlimit = 1", "utf-8")
    out = tmp_path / "exports"
    options = ["--out", str(out), "--scenario", str(scenario), "--write-key", "segment=other", "--write-key", "key"]
    with running(*options) as (process, announced):
        assert announced["PIPELINES_WRITE_KEY"] == "key"
        assert announced["PIPELINES_SEGMENT_WRITE_KEY"] == "other"
        send(announced["PIPELINES_HOST"], messageId="m1")
        send(announced["PIPELINES_HOST"], messageId="m2")
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=10)
    assert "1 swallowed at customerio" in printed
    assert json.loads((out / "planted.json").read_text())["planted"][0]["message_id"] == "m1"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--out", "exports", "--scenario", "faults.toml"], r"faults\.toml:\n  seeed: unknown key; .*seed"),
        (["--out", "exports", "--scenario", "none.toml"], r"none\.toml: cannot be read"),
        (["--out", "faults.toml"], r"faults\.toml is a file"),
    ],
)
def test_bad_input_is_told_in_one_line_and_ends_with_2(tmp_path, options, told):
    """No traceback for a mistake in the options."""
    (tmp_path / "faults.toml").write_text("seeed = 3", "utf-8")
    done = subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=30, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert re.search(told, done.stderr), done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_told(sandbox, tmp_path):
    """The port of a running sandbox cannot be had twice."""
    port = sandbox.url.rpartition(":")[2]
    done = subprocess.run(
        [*COMMAND, "--out", str(tmp_path), "--port", port], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert f"--port {port}" in done.stderr


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_a_missing_extra_is_told_with_its_cure(tmp_path, missing):
    """Without the extra's packages the command says what to install."""
    code = f"import sys; sys.modules[{missing!r}] = None; " + COMMAND[2]
    done = subprocess.run(
        [sys.executable, "-c", code, "--out", str(tmp_path)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert "pip install 'pipelines-client[sandbox]'" in done.stderr
