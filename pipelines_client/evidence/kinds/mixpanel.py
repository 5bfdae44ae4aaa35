"""Mixpanel's raw export: JSON lines with an event's name and its properties, to count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pipelines_client.evidence.kinds.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet


class MixpanelExport(Table):
    """Reads Mixpanel's raw export; options may set its time zone and the names of events."""

    name: ClassVar[str] = "mixpanel"
    is_queried: ClassVar[bool] = False
    sources: ClassVar[tuple[str, ...]] = ("counts",)
    title: ClassVar[str] = "a Mixpanel export"
    cure: ClassVar[str] = "pass the JSON lines of Mixpanel's raw export"
    takes_any_line: ClassVar[bool] = False
    default_map: ClassVar[Mapping[str, Any]] = {
        "event": "event",
        "time": "properties.time",
        "user_id": "properties.distinct_id",
    }

    @classmethod
    def recognises(cls, line: Mapping[str, Any], keys: AbstractSet[str], *, is_asked: bool = False) -> bool:
        """Return whether a line has an event and a `distinct_id` in its properties."""
        del is_asked
        properties = line.get("properties")
        return "event" in keys and isinstance(properties, dict) and "distinct_id" in properties
