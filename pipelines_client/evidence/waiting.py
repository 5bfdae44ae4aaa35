"""What still waits in the spools beside a ledger, as the run files of its writers say.

A message is written to the ledger once its fate on a leg is final. One that waits on both legs is in no record, so only
these counts know of it.
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
    """Return how many messages wait for each leg; nothing for what is no state directory.

    Args:
        given: What a user gave as the ledger: state directories, or anything else that holds records.
    """
    counts: Counter[str] = Counter()
    for file in sorted({file.resolve() for root in local_roots(given) for file in _run_files(root)}):
        run = read_run_file(file)
        counts.update({leg: report.pending for leg, report in run.legs.items()} if run else {})
    return {leg: count for leg, count in sorted(counts.items()) if count}


def _run_files(root: Path) -> Iterator[Path]:
    """Yield the run files of a state directory, of several hosts' in a folder, or of one that records are of."""
    yield from root.glob("run/*.json")
    yield from root.glob("*/run/*.json")
    for folder in root.absolute().parents[:LEVELS_ABOVE]:
        if root.absolute().is_relative_to(folder / "ledger"):
            yield from folder.glob("run/*.json")
