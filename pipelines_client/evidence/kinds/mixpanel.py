"""Mixpanel exports: events to count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pipelines_client.evidence.columns import MIXPANEL, ColumnMap
from pipelines_client.evidence.kinds.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping


class MixpanelExport(Table):
    """Reads Mixpanel's raw export; options may set its time zone and the names of events."""

    name: ClassVar[str] = "mixpanel"
    family: ClassVar[str | None] = "mixpanel"
    title: ClassVar[str] = "a Mixpanel export"
    cure: ClassVar[str] = "give the JSON lines of Mixpanel's raw export"

    @classmethod
    def _columns_in(cls, options: Mapping[str, Any]) -> ColumnMap:
        return ColumnMap.model_validate({**MIXPANEL.model_dump(), **options})
