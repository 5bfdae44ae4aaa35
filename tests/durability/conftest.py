"""Fixtures of the durability tests: processes that start fast, what each API holds, and the counts for the summary."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from nursery import Child, Nursery
from proof import Evidence


@pytest.fixture
def variables(sandbox: Any, state_dir: Path) -> dict[str, str]:
    """The variables of a dual-writing application: both legs at the sandbox, with short waits."""
    return {
        "PIPELINES_STATE_DIR": str(state_dir),
        "PIPELINES_WRITE_KEY": "c",
        "PIPELINES_HOST": sandbox.customerio.url,
        "PIPELINES_SEGMENT_WRITE_KEY": "s",
        "PIPELINES_SEGMENT_HOST": sandbox.segment.url,
        "PIPELINES_UPLOAD_INTERVAL": "0.005",
        "PIPELINES_RETRY_BASE_S": "0.02",
        "PIPELINES_RETRY_CAP_S": "0.1",
    }


@pytest.fixture
def start(nursery: Nursery, variables: dict[str, str]) -> Iterator[Callable[..., Child]]:
    """Start a dual-writing script in a new process; kill what still runs at the end."""
    started: list[Child] = []

    def begin(script: str, **more: str) -> Child:
        started.append(nursery.start(script, **{**variables, **more}))
        return started[-1]

    yield begin
    for child in started:
        if child.is_running:
            child.kill()


@pytest.fixture
def run(variables: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Run a script or a command in a new process group; kill what still runs at the end."""
    started: list[subprocess.Popen[str]] = []

    def begin(*command: str, script: str = "", **more: str) -> subprocess.Popen[str]:
        if script:
            path = tmp_path / f"script{len(started)}.py"
            path.write_text(textwrap.dedent(script), "utf-8")
            command = (sys.executable, str(path))
        environment = {**os.environ, **variables, **more}
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # and those that it has forked
        process.communicate()


@pytest.fixture
def evidence(sandbox: Any, state_dir: Path) -> Evidence:
    """The evidence of this test's messages."""
    return Evidence(sandbox, state_dir)


@pytest.fixture
def say(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Put a line of counts into the summary at the end of the run."""
    return partial(record_property, "durability")
