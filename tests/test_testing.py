"""The pytest plugin, and the package that it is in: what they load, and when."""

from __future__ import annotations

import subprocess
import sys


def test_a_test_run_that_does_not_use_the_client_does_not_load_it() -> None:
    """Installing the package gives each pytest run of a project the plugin."""
    heavy = ("pipelines_client.client", "pipelines_client.config", "segment", "pydantic", "structlog", "urllib3")
    code = f"import sys, pipelines_client.testing; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
