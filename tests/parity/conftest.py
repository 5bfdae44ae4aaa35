"""Fixtures of the parity tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from evidence import START, Evidence

from pipelines_client.parity import ParityOptions, ParityReport, run_parity

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    """Two hundred messages that arrived the same on both sides."""
    return Evidence(tmp_path, count=200)


@pytest.fixture
def compare() -> Callable[..., ParityReport]:
    """Run parity over paths by source name."""

    def run(paths: dict[str, Path], *, now: datetime = START, **options: Any) -> ParityReport:
        return run_parity(paths, ParityOptions(**options), now=now)

    return run
