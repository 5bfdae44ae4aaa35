"""Frequent events in the log."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable

import pytest

from pipelines_client import Client, log
from pipelines_client.log import LOGGER_NAME, CallSites, Throttle, logger


def test_an_event_is_a_line_with_its_fields(caplog: pytest.LogCaptureFixture) -> None:
    """The event comes first; a percent sign in a value is not a place for another."""
    with caplog.at_level("INFO", LOGGER_NAME):
        logger().warning("leg_paused", leg="customerio", kept=7, words='100% "full"')
        logger().info("stage_file_read")
        logger().debug("batch_answered", ms=3)
    lines = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert lines == [
        ("WARNING", "event='leg_paused' leg='customerio' kept=7 words='100% \"full\"'"),
        ("INFO", "event='stage_file_read'"),
    ]


def test_structlog_is_imported_for_the_first_line_that_is_logged() -> None:
    """A process that logs nothing does not pay for it; a level that is off lets nothing through."""
    code = """
import logging, sys
from pipelines_client.log import logger
logger().debug("batch_answered")
assert "structlog" not in sys.modules
logging.basicConfig()
logger().warning("leg_paused", leg="segment")
assert "structlog" in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    assert done.stderr.strip() == "WARNING:pipelines_client:event='leg_paused' leg='segment'"


def test_a_handler_that_raises_costs_no_message(make_client: Callable[..., Client]) -> None:
    """The application's own, for instance one whose connection has ended."""

    class Broken(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            raise ValueError(self)

    client = make_client(log_handler=(handler := Broken()))
    try:
        assert client.track("u1", "A", {"ratio": float("nan")})[0]
        assert not client.not_taken
    finally:
        logging.getLogger(LOGGER_NAME).removeHandler(handler)


def test_a_frequent_event_is_logged_every_ten_seconds_with_its_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind has its own ten seconds, and no event is left out of the counts."""
    now = [0.0]
    monkeypatch.setattr(log, "monotonic_s", lambda: now[0])
    throttle = Throttle()
    assert [throttle.due("full") for _ in range(5)] == [1, 0, 0, 0, 0]
    assert throttle.due("closed") == 1
    now[0] = 10.0
    assert [throttle.due("full") for _ in range(2)] == [5, 0]


def test_a_line_of_the_application_is_named_once_for_each_kind() -> None:
    """The line is the nearest one outside this package."""
    sites = CallSites()
    named = [sites.first(kind) for kind in ("naive_timestamp", "naive_timestamp", "unreadable")]
    line = test_a_line_of_the_application_is_named_once_for_each_kind.__code__.co_firstlineno + 3
    assert named == [f"{__file__}:{line}", None, f"{__file__}:{line}"]
