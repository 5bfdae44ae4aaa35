"""Examples of a clean shutdown: each is started and stopped as its platform would, and loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def start(sandbox: Any, state_dir: Path) -> Any:
    """Start an example with the variables of a dual-writing application."""
    environment = {
        **os.environ,
        "PIPELINES_STATE_DIR": str(state_dir),
        "PIPELINES_WRITE_KEY": "c",
        "PIPELINES_HOST": sandbox.customerio.url,
        "PIPELINES_SEGMENT_WRITE_KEY": "s",
        "PIPELINES_SEGMENT_HOST": sandbox.segment.url,
    }

    def run(name: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(EXAMPLES / name), *arguments]
        return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    return run


def end(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert err == ""
    return out


def test_a_job_worker_delivers_on_sigterm(start: Any, sandbox: Any) -> None:
    """Every job that it reports has its event on both sides."""
    process = start("job_worker.py")
    assert process.stdout.readline() == "working\n"
    assert sandbox.segment.wait_for(5, timeout_s=10)
    out = end(process)
    jobs = int(out.split()[2])
    assert out == f"stopped after {jobs} jobs, 0 messages left\n"
    assert sandbox.customerio.count == sandbox.segment.count == jobs


def test_a_web_server_delivers_on_sigterm(start: Any, sandbox: Any) -> None:
    """Also the event of its last request."""
    process = start("web_server.py", "0")
    url = process.stdout.readline().strip()
    for _ in range(3):
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server on loopback
            assert answer.status == 200
    assert end(process) == "stopped, 0 messages left\n"
    assert [message["name"] for message in sandbox.customerio.accepted] == ["Pricing"] * 3


def test_a_lambda_delivers_before_it_answers(start: Any, sandbox: Any) -> None:
    """It may be frozen right after."""
    out, err = start("aws_lambda.py").communicate(timeout=20)
    assert out == "{'delivered': True}\n", err
    assert sandbox.segment.message_ids() == ["order-completed-7"]
