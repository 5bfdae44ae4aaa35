"""The legacy Segment source. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

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
    keeping = INTEGRATION_PRESETS["customerio_off"]
    oauth_servers: ClassVar = {
        "us": "https://oauth2.segment.io",
        "eu": "https://oauth2.eu1.segmentapis.com",
    }  # FACTS S2

    @classmethod
    def oauth_server(cls, *, host: str | None, region: str | None) -> str:
        """Return the server of the tokens that a region takes: the one that is named, else that of the host."""
        found = region or next(
            (name for name, base in cls.hosts.items() if urlsplit(base).netloc in (host or "")), "us"
        )
        return str(cls.oauth_servers[found])

    def batch_fields(self) -> dict[str, Any]:
        """Return the fields that stand beside the messages of each batch, with the key (FACTS S2)."""
        return {"writeKey": self.write_key, **super().batch_fields()}
