"""Runs code in another process, as a user would run the command."""

from __future__ import annotations

import subprocess
import sys


def run_code(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the code with `parity` and these arguments, and wait for its end."""
    command = [sys.executable, "-c", code, "parity", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
