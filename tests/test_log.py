"""Frequent events in the log."""

from __future__ import annotations

import pytest

from pipelines_client import log
from pipelines_client.log import CallSites, Throttle


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
