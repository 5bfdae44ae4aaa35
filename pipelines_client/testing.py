"""The pytest plugin: a fresh sandbox for a test. Imports nothing heavy until the fixture is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines_client.sandbox import Sandbox


__all__ = ["sandbox"]
runs = 0
"""Pytest runs under way in this process, as the client asks: a test may have emptied `os.environ`."""


def pytest_configure() -> None:
    """Note that a run begins."""
    global runs  # noqa: PLW0603 - one number for the process
    runs += 1


def pytest_unconfigure() -> None:
    """Note that it has ended."""
    global runs  # noqa: PLW0603 - as above
    runs -= 1


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Both APIs on loopback, fresh for this test and closed after it."""
    from pipelines_client.sandbox import Sandbox

    with Sandbox() as fresh:
        yield fresh
