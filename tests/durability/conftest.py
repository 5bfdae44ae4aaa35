"""Fixtures of the durability tests: processes that start fast, what each API holds, and the counts for the summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nursery import Child, Nursery
from proof import Evidence

COUNTS = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """One for all tests; it holds nothing of any of them."""
    made = Nursery(tmp_path_factory.mktemp("nursery"))
    yield made
    made.close()


@pytest.fixture
def variables(sandbox: Any, state_dir: Path) -> dict[str, str]:
    """What a team would set: both legs, at the sandbox, in this test's state directory, with short waits."""
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
    """Start a script in a process of its own, dual-writing; whatever still runs in the end is killed."""
    started: list[Child] = []

    def begin(script: str, **more: str) -> Child:
        started.append(nursery.start(script, **{**variables, **more}))
        return started[-1]

    yield begin
    for child in started:
        if child.is_running:
            child.kill()


@pytest.fixture
def evidence(sandbox: Any, state_dir: Path) -> Evidence:
    """What there is to see of this test's messages."""
    return Evidence(sandbox, state_dir)


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Put a line of counts into the summary at the end of the run."""
    lines = request.config.stash.setdefault(COUNTS, [])
    return lines.append


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the counts that the tests measured."""
    for line in config.stash.get(COUNTS, []):
        terminalreporter.write_line(f"durability: {line}")
