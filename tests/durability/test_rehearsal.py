"""`make rehearsal`: too long for every day."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REHEARSAL = Path(__file__).parents[2] / "examples" / "rehearsal.py"


@pytest.mark.soak
def test_the_rehearsal_goes_as_planned(tmp_path: Path) -> None:
    """All stages under traffic, refused while a leg is down, a step back, and parity passes over all of it."""
    command = [sys.executable, str(REHEARSAL), "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("parity: pass") == 5
    assert "cannot advance to live" in done.stdout
    assert "messages, each once" in done.stdout
