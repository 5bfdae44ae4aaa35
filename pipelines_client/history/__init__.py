"""What should have been sent: `replay` what one side lacks, `backfill` what happened before there was a client.

Both choose on disk, leave out what was sent before, and send the rest through a lane of their own: a live client's
messages neither wait for them nor mix with them.
"""

from __future__ import annotations

from pipelines_client.history.rowmap import Column, RowMap
from pipelines_client.history.run import RunOptions, backfill, replay
from pipelines_client.history.summary import Refusal, Summary

__all__ = ["Column", "Refusal", "RowMap", "RunOptions", "Summary", "backfill", "replay"]
