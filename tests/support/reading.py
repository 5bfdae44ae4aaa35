"""Reads a file of rows as parity does: its rows with their places, and what was rejected."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines_client.evidence.files.rows import read_rows, reopen_rows

if TYPE_CHECKING:
    from pathlib import Path

HEADER = b"id,event_text,received_at\n"


@dataclass
class Read:
    """What became of a file: its rows with their places, and what was rejected."""

    rows: list[tuple[int, int, bytes]] = field(default_factory=list)
    rejected: list[tuple[int, str, bool]] = field(default_factory=list)

    @property
    def is_incomplete(self) -> bool:
        """Say whether an unknown number of rows is lost."""
        return any(is_gap for *_, is_gap in self.rejected)

    @property
    def ids(self) -> list[str]:
        """Return the ids of the rows."""
        return [json.loads(row)["id"] for *_, row in self.rows]


def read_once(path: Path, content: bytes) -> Read:
    """Write a file and read it."""
    path.write_bytes(content)
    found = Read()

    def reject(line: int, reason: str, *, incomplete: bool = False) -> None:
        found.rejected.append((line, reason, incomplete))

    found.rows = list(read_rows(str(path), reject))
    return found


def read(path: Path, content: bytes) -> Read:
    """Write a file and read it; each row must be found again at its place."""
    found = read_once(path, content)
    spans = [(offset, len(row)) for _, offset, row in found.rows]
    assert list(reopen_rows(str(path), spans)) == [row for *_, row in found.rows]
    return found
