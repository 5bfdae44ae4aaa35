"""Frequent events in the log."""

from __future__ import annotations

import pytest

from pipelines_client import log
from pipelines_client.log import LOGGER_NAME, CallSites, Throttle, logger


def test_an_event_is_a_line_with_its_fields_that_names_who_logged_it(caplog: pytest.LogCaptureFixture) -> None:
    """The event comes first; a percent sign in a value is not a place for another."""
    with caplog.at_level("INFO", LOGGER_NAME):
        logger().warning("leg_paused", leg="customerio", kept=7, words='100% "full"')
        logger().info("stage_file_read")
        logger().debug("batch_answered", ms=3)
    lines = [(record.levelname, record.getMessage(), record.filename) for record in caplog.records]
    assert lines == [
        ("WARNING", "event='leg_paused' leg='customerio' kept=7 words='100% \"full\"'", "test_log.py"),
        ("INFO", "event='stage_file_read'", "test_log.py"),
    ]


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
