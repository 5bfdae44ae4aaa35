"""Where things are in a state directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipelines_client.errors import LedgerError


@dataclass(frozen=True, slots=True)
class StateDir:
    """The folders of a state directory."""

    path: Path

    @property
    def spool(self) -> Path:
        """Files of messages that wait."""
        return self.path / "spool"

    @property
    def replays(self) -> Path:
        """Files of messages that a replay or a backfill is sending; no other process adopts them."""
        return self.path / "replays"

    @property
    def ledger(self) -> Path:
        """Delivery records, a folder for each UTC day."""
        return self.path / "ledger"

    @property
    def dead_letters(self) -> Path:
        """Messages that an API refused, complete."""
        return self.path / "dead-letters"

    @property
    def run(self) -> Path:
        """One run file for each writer."""
        return self.path / "run"


def existing(path: Path) -> StateDir:
    """Return a state directory that a client has used.

    Raises:
        LedgerError: The path is not one.
    """
    state = StateDir(path)
    if not state.run.is_dir():
        raise LedgerError(f"{path} is not a state directory; pass the one that the client uses (PIPELINES_STATE_DIR)")
    return state
