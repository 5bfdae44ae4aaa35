"""Amplitude's export: gzipped JSON lines with times in UTC, to count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pipelines_client.evidence.kinds.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet


class AmplitudeExport(Table):
    """Reads Amplitude's export; options may set the names of events."""

    name: ClassVar[str] = "amplitude"
    is_queried: ClassVar[bool] = False
    sources: ClassVar[tuple[str, ...]] = ("counts",)
    title: ClassVar[str] = "an Amplitude export"
    cure: ClassVar[str] = "pass the unzipped folder of Amplitude's export, with its .json.gz files"
    takes_any_line: ClassVar[bool] = False
    default_map: ClassVar[Mapping[str, Any]] = {
        "event": "event_type",
        "time": "event_time",
        "user_id": "user_id",
        "anonymous_id": "device_id",
        "received_at": "server_upload_time",
    }

    @classmethod
    def recognises(cls, line: Mapping[str, Any], keys: AbstractSet[str], *, is_asked: bool = False) -> bool:
        """Return whether a line has the columns that Amplitude writes."""
        del line, is_asked
        return {"event_type", "event_time"} <= keys
