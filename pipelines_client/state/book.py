"""The book: the ledgers of one or more state directories, read as one record of what was sent where (docs/adr/0016).

Every command that sends past messages reads it, and knows afterwards what of it could not be read (`state.tears`), and
how many acceptances the run files count and no record shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from glob import glob, has_magic
from pathlib import Path

from pipelines_client.errors import LedgerError
from pipelines_client.state.layout import StateDir
from pipelines_client.state.ledger import Outcome
from pipelines_client.state.runfile import read_run_files
from pipelines_client.state.tears import LedgerReading, Record, Unreadable


@dataclass(slots=True)
class Book:
    """Ledger folders, or files of them, read as one.

    Attributes:
        ledgers: Where they are.
        unreadable: What the last reading could not read.
    """

    ledgers: Sequence[Path]
    unreadable: Unreadable = field(default_factory=Unreadable)

    def records(self, leg: str, *, since: str = "") -> Iterator[Record]:
        """Yield the records of a leg; what could not be read is in `unreadable` afterwards.

        Args:
            leg: The leg.
            since: Read only the days from this one on, such as `2026-11-02`; then acceptances are not counted.
        """
        reading = LedgerReading(leg)
        self.unreadable = reading.unreadable
        counted = Counter[str]() if since else _accepted_by_writer(self.ledgers, leg)
        for ledger in self.ledgers:
            for record in reading.records(ledger, since=since):
                if record["leg"] != leg:
                    continue
                if counted and record["outcome"] == Outcome.ACCEPTED.value:
                    counted[str(record.get("writer"))] -= 1
                yield record
        reading.finish().records = sum(count for count in counted.values() if count > 0)


def ledgers_at(paths: Iterable[str | Path]) -> list[Path]:
    """Return the ledgers that a user has named: state directories, folders of such, ledger folders, files or globs.

    Raises:
        LedgerError: A path does not exist, or holds no ledger.
    """
    found: list[Path] = []
    for text in map(str, paths):
        named = [text] if Path(text).exists() or not has_magic(text) else sorted(glob(text, recursive=True))  # noqa: PTH207 - absolute patterns too
        if not named:
            raise LedgerError(f"{text}: no such file or folder; check the path of this ledger")
        found += [ledger for path in map(Path, named) for ledger in _ledgers_in(path)]
    return found


def _ledgers_in(path: Path) -> list[Path]:
    if not path.exists():
        raise LedgerError(f"{path}: no such file or folder; check the path of this ledger")
    if path.is_file():
        return [path]
    for pattern in ("ledger", "*/ledger", "*/*/ledger"):
        if found := sorted(folder for folder in path.glob(pattern) if folder.is_dir()):
            return found
    if path == StateDir(path.parent).ledger or any(path.rglob("*.jsonl*")):
        return [path]
    raise LedgerError(f"{path} holds no ledger; pass a state directory, its ledger folder, or a file of it")


def is_here(record: Record, destination: str) -> bool:
    """Return whether a record is about a destination, or does not say about which: a record of an older version."""
    return record.get("destination", "") in ("", destination)


def _accepted_by_writer(ledgers: Iterable[Path], leg: str) -> Counter[str]:
    """Return how many acceptances of a leg the run files beside ledgers count, by writer."""
    counted = Counter[str]()
    for ledger in ledgers:
        for path, run in read_run_files(StateDir(ledger.parent).run):
            report = run.legs.get(leg) if run is not None else None
            if report is not None:
                counted[path.stem] = max(counted[path.stem], report.accepted)
    return counted
