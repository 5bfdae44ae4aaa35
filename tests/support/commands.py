"""Runs code or the command in another process, as a user would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from nursery import Nursery

_PRELOADED = (
    *(f"pipelines_client.cli.{name}" for name in ("app", "common", "status", "drain", "replay", "backfill", "effects")),
    *(f"pipelines_client.cli.{name}" for name in ("dead_letters", "cutover", "sandbox", "parity.compare")),
    *(f"pipelines_client.{name}" for name in ("parity.run", "parity.questions.duckdb", "client.client")),
)
"""What the commands import when they run; what is missing here only costs time."""
_MAIN = "from pipelines_client.cli import main; main()"


class Commands:
    """Runs `pipelines-client` in a process of its own each time, forked from one that has imported the commands.

    What a start imports is not its subject: where it is, start the command itself.
    """

    def __init__(self, folder: Path) -> None:
        self._nursery = Nursery(folder, preloaded=_PRELOADED, options=())

    def run(
        self, *words: str, folder: Path | None = None, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the command with these words, and wait for its end.

        Args:
            words: What follows `pipelines-client`.
            folder: Where it runs; by default here.
            variables: All that its environment has; by default this process's.
        """
        environment = os.environ if variables is None else variables
        return self._nursery.run(_MAIN, *words, environment=environment, folder=folder or Path.cwd(), timeout_s=60)

    def close(self) -> None:
        """End the process that forks them."""
        self._nursery.close()


def run_code(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the code with `parity` and these arguments, and wait for its end."""
    command = [sys.executable, "-c", code, "parity", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
