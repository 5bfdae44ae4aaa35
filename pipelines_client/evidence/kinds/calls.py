"""Plain files of calls in Segment's format: a proxy's log, what a webhook received, a replay."""

from __future__ import annotations

import re
from typing import ClassVar

from pipelines_client.evidence.kinds.segment_archive import SegmentArchive

_NAME = re.compile(r".*\.(?:json|jsonl|ndjson|log)(?:\.gz)?|.*\.gz", re.IGNORECASE)


class CallFiles(SegmentArchive):
    """Reads JSON lines or arrays of calls, for either side."""

    name: ClassVar[str] = "jsonl"
    sources: ClassVar[tuple[str, ...]] = ("segment", "customerio")
    title: ClassVar[str] = "a file of calls"
    litter: ClassVar[frozenset[str]] = frozenset()
    folder: ClassVar[str | None] = None
    cure: ClassVar[str] = "pass files of JSON lines with a call in each, as the Segment API takes it"

    @classmethod
    def wants(cls, name: str) -> bool:
        """Take JSON, packed or not."""
        return _NAME.fullmatch(name) is not None
