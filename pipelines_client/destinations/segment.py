"""The legacy Segment source. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pipelines_client.destinations.base import Destination
from pipelines_client.sides import SEGMENT, TITLES

FORWARDS_TO_CUSTOMERIO = ("Actions Customerio", "Customer.io (Actions)", "Customer.io Actions", "Customer.io")
"""All names that Segment's Customer.io destination has had (FACTS S12)."""
INTEGRATION_PRESETS: Mapping[str, Mapping[str, bool]] = {
    "customerio_off": dict.fromkeys(FORWARDS_TO_CUSTOMERIO, False),
    "all_off": {"All": False},
}
"""Names that `segment_integrations` may be set to: which of our messages Segment forwards to other tools."""


class Segment(Destination):
    """The legacy Segment source: its key goes in the body too, and an OAuth token may replace it in the header."""

    __slots__ = ()
    name = SEGMENT
    title = TITLES[SEGMENT]
    hosts: ClassVar = {"us": "https://api.segment.io", "eu": "https://events.eu1.segmentapis.com"}  # FACTS S1
    setting_prefix = "segment_"
    takes_oauth = True

    def batch_fields(self) -> dict[str, Any]:
        """Return the fields that stand beside the messages of each batch, with the key (FACTS S2)."""
        return {"writeKey": self.write_key, **super().batch_fields()}
