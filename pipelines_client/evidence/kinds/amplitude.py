"""Amplitude exports: events to count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pipelines_client.evidence.columns import AMPLITUDE, ColumnMap
from pipelines_client.evidence.kinds.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping


class AmplitudeExport(Table):
    """Reads Amplitude's export; options may set the names of events."""

    name: ClassVar[str] = "amplitude"
    family: ClassVar[str | None] = "amplitude"
    title: ClassVar[str] = "an Amplitude export"
    cure: ClassVar[str] = "give the unzipped folder of Amplitude's export, with its .json.gz files"

    @classmethod
    def _columns_in(cls, options: Mapping[str, Any]) -> ColumnMap:
        return ColumnMap.model_validate({**AMPLITUDE.model_dump(), **options})
