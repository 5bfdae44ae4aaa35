"""examples/daily runs as cron, systemd and GitHub Actions would run it, against a receiver on this machine."""

from __future__ import annotations

import configparser
import os
import shlex
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from freezegun import freeze_time
from receiver import SECRET, listening

from pipelines_client import Client
from pipelines_client.clock import utc_now
from pipelines_client.parity.model import Verdict
from pipelines_client.parity.notify import LastSent, read_receivers
from pipelines_client.sandbox import Sandbox

DAILY = Path(__file__).parents[2] / "examples" / "daily"
HOME = "/srv/parity"
COMMAND = Path(sys.executable).with_name("pipelines-client")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder as the examples expect it: 120 messages of some hours ago, and one of now, which is left to tomorrow."""
    folder = tmp_path_factory.mktemp("parity")
    with Sandbox() as sandbox:
        hosts = {"host": sandbox.customerio.url, "segment_host": sandbox.segment.url}
        with Client("cio-key", segment_write_key="segment-key", state_dir=folder / "state", **hosts) as client:
            with freeze_time(utc_now() - timedelta(hours=4), tick=True, real_asyncio=True):
                for number in range(120):
                    client.track(f"user-{number}", "Order Completed", {"total": number})
                assert client.flush(timeout=10)
            client.track("user-1", "Order Completed", {"total": 120})
            assert client.flush(timeout=10)
        sandbox.export(folder / "exports")
    (folder / "venv" / "bin").mkdir(parents=True)
    (folder / "venv" / "bin" / "pipelines-client").symlink_to(COMMAND)
    return folder


@pytest.fixture
def lossy(home):
    """Take 12 messages out of Customer.io's export for the test."""
    file = min((home / "exports" / "customerio").glob("*track*"))
    whole = file.read_bytes()
    file.write_bytes(b"".join(whole.splitlines(keepends=True)[12:]))
    yield home
    file.write_bytes(whole)
    (home / "parity-history.jsonl").unlink()  # the next run begins as the first one


def by_cron(home):
    """Return the command of the crontab, with cron's percent signs undone."""
    (line,) = [line for line in (DAILY / "crontab").read_text("utf-8").splitlines() if not line.startswith("#")]
    *_, command = line.split(" ", 5)
    assert "%" not in command.replace("\\%", "")
    return ["sh", "-c", command.replace("\\%", "%").replace(HOME, str(home))], {}


def by_systemd(home):
    """Return the command of the unit, with systemd's percent signs undone, and its file of variables."""
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str
    unit.read_string((DAILY / "parity.service").read_text("utf-8"))
    service = unit["Service"]
    assert "%" not in service["ExecStart"].replace("%%", "")
    assert service["EnvironmentFile"] == f"{HOME}/notify.env"
    command = service["ExecStart"].replace("%%", "%").replace(HOME, str(home))
    name, _, value = (home / "notify.env").read_text("utf-8").partition("=")
    return shlex.split(command), {name: shlex.split(value)[0]}


def by_github_actions(home):
    """Return the step of the workflow and its variables, with the secret put in."""
    (job,) = yaml.safe_load((DAILY / "github-actions.yml").read_text("utf-8"))["jobs"].values()
    (step,) = [step for step in job["steps"] if step.get("name") == "parity"]
    assert step["env"] == {"PIPELINES_NOTIFY": "${{ secrets.PIPELINES_NOTIFY }}"}
    value = (home / "notify.env").read_text("utf-8").partition("=")[2]
    return ["bash", "-e", "-c", step["run"]], {"PIPELINES_NOTIFY": shlex.split(value)[0]}


def run(plan, home):
    command, variables = plan(home)
    path = f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command, cwd=home, env={**os.environ, "PATH": path, **variables}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("plan", [by_cron, by_systemd, by_github_actions])
def test_a_day_that_loses_too_much_is_told(plan, lossy):
    """Exit code 1, one message to the named receiver, a report, and no key in any other file or output."""
    with listening() as receiver:
        (lossy / "notify.env").write_text(f'PIPELINES_NOTIFY="{receiver.address}"\n')
        done = run(plan, lossy)
    assert done.returncode == 1, done.stdout + done.stderr
    assert [message["title"] for message in receiver.heard] == ["Parity: FAIL"]
    assert "12 of 120 messages are not in Customer.io's export" in receiver.heard[0]["message"]
    assert (lossy / "report.html").read_text("utf-8").startswith("<!doctype html>")
    written = [path.read_bytes() for path in lossy.glob("*") if path.is_file() and path.name != "notify.env"]
    assert not [text for text in (*written, done.stdout.encode(), done.stderr.encode()) if SECRET.encode() in text]


def test_a_receiver_that_is_away_changes_no_exit_code(home):
    """Parity passes again, which a receiver of the failure should hear; the failed delivery is reported."""
    with listening() as receiver:
        (home / "notify.env").write_text(f'PIPELINES_NOTIFY="{receiver.address}"\n')
        (told,) = read_receivers([receiver.address])
        (home / "parity-notified.json").write_text(LastSent(receivers={told.key: Verdict.FAIL}).model_dump_json())
        receiver.answers.append(500)
        done = run(by_systemd, home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [message["title"] for message in receiver.heard] == ["Parity is back to PASS"]
    said = "pipelines-client: JSON (address 1 of 1) could not be notified; the next run tries again\n"
    assert done.stderr == said


def test_the_timer_and_the_workflow_run_at_the_same_time_of_day():
    """A quarter past six, UTC."""
    assert "OnCalendar=*-*-* 06:15:00 UTC" in (DAILY / "parity.timer").read_text("utf-8")
    workflow = yaml.safe_load((DAILY / "github-actions.yml").read_text("utf-8"))
    assert workflow[True]["schedule"] == [{"cron": "15 6 * * *"}]  # YAML takes `on` for true
    saves = [step for step in workflow["jobs"]["parity"]["steps"] if "cache/save" in step.get("uses", "")]
    assert [step["if"] for step in saves] == ["always()"]
