"""What tests need that is no Python package: without it they are skipped and say what to install; in CI they fail."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

IS_REQUIRED = bool(os.environ.get("REQUIRE_ENGINES"))
"""Set by `.ci/run`, which installs all of it."""


def lacks(what: str) -> NoReturn:
    """Skip a test for want of a program, or fail it where all programs must be there."""
    if IS_REQUIRED:
        pytest.fail(what)
    pytest.skip(what)
