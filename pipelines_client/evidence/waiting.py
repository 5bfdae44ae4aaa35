"""Counts of messages that still wait in the spools beside a ledger, from the run files of its writers.

A message is in the ledger only after its outcome on a leg is final. A message that waits on both legs is in no record,
so only these counts show it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pipelines_client.evidence.listing import LEVELS_ABOVE, local_roots
from pipelines_client.state.runfile import read_run_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def waiting_in(given: Sequence[str]) -> dict[str, int]:
    """Return how many messages wait for each leg; empty if none of the given ledgers is a state directory."""
    counts: Counter[str] = Counter()
    for file in sorted({file.resolve() for root in local_roots(given) for file in _run_files(root)}):
        run = read_run_file(file)
        counts.update({leg: report.pending for leg, report in run.legs.items()} if run else {})
    return {leg: count for leg, count in sorted(counts.items()) if count}


def _run_files(root: Path) -> Iterator[Path]:
    """Yield the run files of a state directory, of several in a folder, or of the one that holds these records."""
    yield from root.glob("run/*.json")
    yield from root.glob("*/run/*.json")
    for folder in root.absolute().parents[:LEVELS_ABOVE]:
        if root.absolute().is_relative_to(folder / "ledger"):
            yield from folder.glob("run/*.json")
