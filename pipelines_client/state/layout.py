"""The folders of a state directory."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from pipelines_client.clock import utc_now

_RUN_FILES_KEPT_S = 30 * 86_400


@dataclass(frozen=True, slots=True)
class StateDir:
    """Where things are below the state directory."""

    path: Path

    @property
    def spool(self) -> Path:
        """Files of messages that wait."""
        return self.path / "spool"

    @property
    def replays(self) -> Path:
        """Files of messages that a replay or a backfill is sending: no process adopts them."""
        return self.path / "replays"

    @property
    def ledger(self) -> Path:
        """A folder for each UTC day."""
        return self.path / "ledger"

    @property
    def dead_letters(self) -> Path:
        """Messages that an API refused, whole."""
        return self.path / "dead-letters"

    @property
    def run(self) -> Path:
        """What each writer says of itself."""
        return self.path / "run"

    def make(self) -> None:
        """Create the folders, for their owner alone.

        Raises:
            OSError: They cannot be written.
        """
        for folder in (self.path, self.spool, self.ledger, self.dead_letters, self.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(f"{folder} cannot be written")

    def forget_ended(self) -> None:
        """Remove what writers say of themselves that ended long ago and left nothing: one file for each process."""
        old = utc_now().timestamp() - _RUN_FILES_KEPT_S
        for file in self.run.glob("*.json"):
            with contextlib.suppress(FileNotFoundError):  # another process does the same
                if file.stat().st_mtime < old and not (self.spool / f"{file.stem}.db").exists():
                    file.unlink()
