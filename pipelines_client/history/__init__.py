"""History: `replay` sends what one side lacks, `backfill` sends what happened before the client was in use.

Owns the choice of past messages, on disk, and their sending through a separate lane, so that a live client's messages
neither wait for them nor mix with them. Reads evidence and sends with `delivery`; never imports `parity`. To add a
source of messages, write a function in `sources` that yields candidates, and a line in `run`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines_client.lazy import names_of

if TYPE_CHECKING:
    from pipelines_client.history.options import RunOptions
    from pipelines_client.history.rowmap import Column, RowMap
    from pipelines_client.history.run import backfill, replay
    from pipelines_client.history.summary import Refusal, Summary

__all__ = ["Column", "Refusal", "RowMap", "RunOptions", "Summary", "backfill", "replay"]

__getattr__ = names_of(
    __name__,
    {
        "options": ("RunOptions",),
        "rowmap": ("Column", "RowMap"),
        "run": ("backfill", "replay"),
        "summary": ("Refusal", "Summary"),
    },
)
