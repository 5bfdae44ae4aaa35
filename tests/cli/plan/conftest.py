"""What the tests of `pipelines-client plan` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines_client.cli.app import app


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    """Run `pipelines-client plan` with these words in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words, **more: CliRunner().invoke(app, ["plan", *map(str, words)], **more)
