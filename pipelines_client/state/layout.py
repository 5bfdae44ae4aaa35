"""Where things are in a state directory."""

from __future__ import annotations

from pathlib import Path

from pipelines_client.errors import LedgerError
from pipelines_client.files import make_folder
from pipelines_client.state.held import HeldDir


class StateDir:
    """The folders of a state directory."""

    def __init__(self, path: Path, *, is_held: bool = False) -> None:
        """Name a directory; `is_held`: a client writes into it, so it is made if missing, and held (`HeldDir`)."""
        self.place = path
        """Its path, for people; the folders are found through `path`."""
        self._held = HeldDir(path) if is_held else None

    @property
    def path(self) -> Path:
        """Where it is now.

        Raises:
            OSError: It is held, and cannot be made or used.
        """
        return self.place if self._held is None else self._held.path

    def made(self, folder: Path) -> Path:
        """Return one of its folders, made for its owner only if it is missing.

        Raises:
            OSError: It cannot be made.
        """
        make_folder(folder)
        return folder

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
    if not (state.run.is_dir() or state.spool.is_dir()):
        raise LedgerError(f"{path} is not a state directory; pass the one that the client uses (PIPELINES_STATE_DIR)")
    return state
