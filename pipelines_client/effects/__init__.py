"""What a call becomes in a Customer.io workspace, by the old route and by the new one. Pure.

This room owns the models of both routes (`routes/`), what differs between them (`compare`), the kinds of change with
their words and cures (`changes`) and the report (`examine`). It reads no file and sends nothing: `evidence.calls`
reads, and the command prints. Where no document and no code says what a route does, the answer is `Unknown`, and a
report with one is never `same`.

One more route is one file in `routes/`; one more kind of change is one line in `changes.CHANGES`; one more rendering is
one function in `render.RENDERINGS`.
"""

from typing import TYPE_CHECKING

from pipelines_client.lazy import names_of

if TYPE_CHECKING:
    from pipelines_client.effects.examination import examine
    from pipelines_client.effects.model import Action, Dates, Effect, Unknown
    from pipelines_client.effects.report import EffectsReport, EffectsVerdict
    from pipelines_client.effects.routes.data_pipelines import DataPipelines
    from pipelines_client.effects.routes.segment_destination import SegmentDestination
    from pipelines_client.effects.settings import DestinationSettings, parse_settings

__all__ = [
    "Action",
    "DataPipelines",
    "Dates",
    "DestinationSettings",
    "Effect",
    "EffectsReport",
    "EffectsVerdict",
    "SegmentDestination",
    "Unknown",
    "examine",
    "parse_settings",
]

__getattr__ = names_of(
    __name__,
    {
        "examination": ("examine",),
        "model": ("Action", "Dates", "Effect", "Unknown"),
        "report": ("EffectsReport", "EffectsVerdict"),
        "routes.data_pipelines": ("DataPipelines",),
        "routes.segment_destination": ("SegmentDestination",),
        "settings": ("DestinationSettings", "parse_settings"),
    },
)
