"""Upstream's own tests, taken from the installed wheel at test time, run against this package and the sandbox.

Nothing of them is kept here. Their imports are redirected; everything else is theirs.
"""

from __future__ import annotations

import importlib.metadata
import types
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from not_applicable import NOT_APPLICABLE

_REDIRECTS = {
    "from segment.analytics.client import Client": "from pipelines_client import Client",
    "import segment.analytics as analytics": "import pipelines_client as analytics",
}


def _load(name: str) -> types.ModuleType:
    files = importlib.metadata.files("segment-analytics-python") or []
    path = next(Path(str(file.locate())) for file in files if str(file) == f"segment/analytics/test/{name}.py")
    source = path.read_text("utf-8")
    for theirs, ours in _REDIRECTS.items():
        source = source.replace(theirs, ours)
    module = types.ModuleType(f"upstream_{name}")
    exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102 - the installed wheel's own tests
    return module


def _cases() -> Iterator[Any]:
    for name in ("test_client", "test_module", "test_init"):
        for suite in unittest.defaultTestLoader.loadTestsFromModule(_load(name)):
            for case in suite:  # type: ignore[union-attr]
                method = case.id().rpartition(".")[2]
                if method not in NOT_APPLICABLE:
                    yield pytest.param(case, id=f"{name}.{method}")


@pytest.mark.upstream
@pytest.mark.parametrize("case", list(_cases()))
def test_upstreams_own_test_passes(case: unittest.TestCase, analytics: Any) -> None:
    """What upstream promises its users, we promise ours."""
    assert analytics is not None
    result = unittest.TestResult()
    case.run(result)
    problems = [text for _, text in result.errors + result.failures]
    assert not problems, problems[0]
    assert result.testsRun == 1
