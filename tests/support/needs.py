"""Skips tests that need a missing program, and says what to install; in CI they fail."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

IS_REQUIRED = bool(os.environ.get("REQUIRE_ENGINES"))
"""Set by `.ci/run`, which installs all programs."""


def lacks(what: str) -> NoReturn:
    """Skip a test because a program is missing, or fail it where all programs are required."""
    if IS_REQUIRED:
        pytest.fail(what)
    pytest.skip(what)
