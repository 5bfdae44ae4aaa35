"""The pytest plugin: a fresh sandbox for a test. Imports nothing heavy until the fixture is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines_client.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Both APIs on loopback, fresh for this test and closed after it."""
    from pipelines_client.sandbox import Sandbox

    with Sandbox() as fresh:
        yield fresh
