"""What still waits in the spools beside a ledger, as the run files of its writers say.

A message is written to the ledger once its fate on a leg is final. One that waits on both legs is in no record, so only
these counts know of it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import orjson

from pipelines_client.evidence.listing import LEVELS_ABOVE, local_roots

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
        counts.update(_pending(file))
    return {leg: count for leg, count in sorted(counts.items()) if count}


def _run_files(root: Path) -> Iterator[Path]:
    """Yield the run files of a state directory, of several hosts' in a folder, or of one that records are of."""
    yield from root.glob("run/*.json")
    yield from root.glob("*/run/*.json")
    for folder in root.absolute().parents[:LEVELS_ABOVE]:
        if root.absolute().is_relative_to(folder / "ledger"):
            yield from folder.glob("run/*.json")


def _pending(file: Path) -> dict[str, int]:
    """Return what one writer says; a file that is half written or of another make says nothing."""
    try:
        legs = orjson.loads(file.read_bytes())["legs"]
        return {str(leg): int(about["pending"]) for leg, about in legs.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
