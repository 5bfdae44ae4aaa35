"""Fixtures of all tests: a new state directory, no settings from outside, only loopback reachable."""

from __future__ import annotations

import compileall
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from commands import Commands
from evidence import START, Evidence
from not_applicable import NOT_APPLICABLE
from nursery import Nursery
from shares import Shares, rank

import pipelines_client
from pipelines_client import Client
from pipelines_client.clock import monotonic_s
from pipelines_client.delivery.processes import LIVE
from pipelines_client.parity import ParityOptions, ParityReport, run_parity
from pipelines_client.state.ledger import DeliveryRecord, Outcome, read_ledger

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
hypothesis.settings.register_profile("suite", deadline=None)  # no test asserts a time
hypothesis.settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    """Compile the package once, as an install does: else each of the many processes that tests start compiles it."""
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(str(Path(pipelines_client.__file__).parent), quiet=2)


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse any connection that would leave this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new state directory and cache, and no other `PIPELINES_…` variable."""
    for name in [name for name in os.environ if name.startswith("PIPELINES_")]:
        monkeypatch.delenv(name)
    path = tmp_path / "state"
    monkeypatch.setenv("PIPELINES_STATE_DIR", str(path))
    monkeypatch.setenv("PIPELINES_SEND_IN_TESTS", "true")  # `_only_loopback` sees to it
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return path


@pytest.fixture(autouse=True)
def _nothing_goes_on() -> Iterator[None]:
    """Close the clients that a test leaves, and wait for their threads: a port is used again."""
    yield
    for pipeline in list(LIVE):
        pipeline.close(monotonic_s())
    until_s = monotonic_s() + 10
    for thread in threading.enumerate():
        if thread.name.startswith("pipelines-client"):
            thread.join(max(0.0, until_s - monotonic_s()))
            assert not thread.is_alive(), f"{thread.name} goes on after the test"


@pytest.fixture
def make_client(sandbox: Any) -> Iterator[Callable[..., Client]]:
    """Make clients that write to both legs of the sandbox with short waits, and close them at the end."""
    made: list[Client] = []

    def make(**settings: Any) -> Client:
        given = {
            "write_key": "cio-key",
            "host": sandbox.customerio.url,
            "segment_write_key": "segment-key",
            "segment_host": sandbox.segment.url,
            "upload_interval": 0.01,
            "retry_base_s": 0.01,
            "retry_cap_s": 0.05,
            "pause_s": 0.05,
            **settings,
        }
        client = Client(**{name: value for name, value in given.items() if value is not None})
        made.append(client)
        return client

    yield make
    for client in made:
        client._pipeline.close(0)


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    """A dual-writing client against the sandbox."""
    return make_client()


class Ledger:
    """Reads the records of a state directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def records(self) -> list[DeliveryRecord]:
        """Return the last record of each message and leg."""
        records = sorted(read_ledger(self.path / "ledger").records, key=lambda record: record.finished_at)
        last = {(record.message_id, record.leg): record for record in records}
        return list(last.values())

    def outcomes(self, message_id: str) -> dict[str, Outcome]:
        """Return the outcome of a message by leg."""
        return {record.leg: record.outcome for record in self.records() if record.message_id == message_id}

    def reasons(self, message_id: str) -> dict[str, str | None]:
        """Return the reason of a message's outcome by leg."""
        return {record.leg: record.reason for record in self.records() if record.message_id == message_id}


@pytest.fixture
def ledger(state_dir: Path) -> Ledger:
    """The ledger of this test's state directory."""
    return Ledger(state_dir)


@pytest.fixture
def analytics(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module as a new process would see it, pointed at the sandbox."""
    monkeypatch.setenv("PIPELINES_HOST", sandbox.customerio.url)
    monkeypatch.setenv("PIPELINES_SEGMENT_HOST", sandbox.segment.url)
    before = dict(vars(pipelines_client))
    pipelines_client._assigned.clear()
    pipelines_client._before.clear()
    pipelines_client.default_client = None
    yield pipelines_client
    if pipelines_client.default_client is not None:
        pipelines_client.default_client._pipeline.close(0)
    for name in pipelines_client._SETTINGS | {"default_client"}:
        setattr(pipelines_client, name, before[name])
    pipelines_client._assigned.clear()
    pipelines_client._before.clear()
    pipelines_client.default_client = None


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    """Two hundred messages that arrived the same on both sides."""
    return Evidence(tmp_path, count=200)


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """One nursery for all tests; it keeps no state of theirs."""
    made = Nursery(tmp_path_factory.mktemp("nursery"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """Runs `pipelines-client`, each time in a new process that starts in milliseconds."""
    made = Commands(tmp_path_factory.mktemp("commands"))
    yield made
    made.close()


@pytest.fixture
def compare() -> Callable[..., ParityReport]:
    """Run parity over paths by source name."""

    def run(paths: dict[str, Path], *, now: datetime = START, **options: Any) -> ParityReport:
        return run_parity(paths, ParityOptions(**options), now=now)

    return run


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: packed ones hold the second in which they were made, which workers do not share."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first: workers take tests in this order."""
    items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand the tests out by file, with all engine tests together; leave any other `--dist` alone."""
    return Shares(config, log) if config.option.dist == "loadfile" else None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what the tests counted, the results of upstream's own tests, and which of those do not apply."""
    for report in [report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)]:
        for name, value in report.user_properties if report.when == "call" else ():
            terminalreporter.write_line(f"{name}: {value}")
    counts = {
        outcome: sum("test_upstream_suite.py" in report.nodeid for report in terminalreporter.getreports(outcome))
        for outcome in ("passed", "failed")
    }
    if not any(counts.values()):
        return
    terminalreporter.write_line(
        f"upstream's own tests, run against this package: {counts['passed']} passed, {counts['failed']} failed, "
        f"{len(NOT_APPLICABLE)} not applicable:"
    )
    for name, reason in NOT_APPLICABLE.items():
        terminalreporter.write_line(f"  {name}: {reason}")
