"""Customer.io Data Pipelines. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson

from pipelines_client.destinations.base import Destination
from pipelines_client.sides import CUSTOMERIO, TITLES

RESERVED_NAMES = frozenset(
    {
        "User Deleted",
        "User Suppressed",
        "User Unsuppressed",
        "Device Created or Updated",
        "Device Deleted",
        "Relationship Deleted",
        "Object Deleted",
        "Report Delivery Event",
        "Report Content Event",
        "Delete Person",
    }
)
"""Event names that Customer.io obeys as commands (FACTS C12)."""
_ALIAS, _GROUP = b'"type":"alias"', b'"type":"group"'
_REGION_KEY = re.compile(r"^(?:pk|sk)_(us|eu)_")  # FACTS C2


class CustomerIo(Destination):
    """Customer.io Data Pipelines, always in strict mode."""

    __slots__ = ()
    name = CUSTOMERIO
    title = TITLES[CUSTOMERIO]
    hosts: ClassVar = {"us": "https://cdp.customer.io", "eu": "https://cdp-eu.customer.io"}  # FACTS C1
    setting_prefix = ""
    takes_cures = True

    @classmethod
    def region_of_key(cls, write_key: str) -> str | None:
        """Return the region in the key's prefix (FACTS C2), or None for a key without one."""
        match = _REGION_KEY.match(write_key)
        return match.group(1) if match else None

    def headers(self, *, token: str | None = None) -> dict[str, str]:
        """Return the request's headers: a key that names its region goes as a bearer token (FACTS C2)."""
        bearer = self.write_key if token is None and self.region_of_key(self.write_key) else token
        # FACTS C3: without strict mode a refusal looks like a success.
        return {**super().headers(token=bearer), "X-Strict-Mode": "1"}

    def count_shared(self, bodies: Sequence[bytes]) -> int:
        """Return how many of the first messages may share a request; see `own_url`."""
        if not _may_be_lone(b"".join(bodies)):  # searched as one: half as long as one by one
            return len(bodies)
        return next((place for place, body in enumerate(bodies) if self.own_url(body)), len(bodies))

    def own_url(self, body: bytes) -> str | None:
        """Return the endpoint of an alias or of a group without a person, which `/batch` may not take (FACTS C10)."""
        if not _may_be_lone(body):
            return None
        call: Mapping[str, Any] = orjson.loads(body)
        kind = call.get("type")
        if kind == "alias" or (kind == "group" and not (call.get("userId") or call.get("anonymousId"))):
            return f"{self.url.removesuffix('batch')}{kind}"
        return None


def _may_be_lone(bodies: bytes) -> bool:
    """Return whether an alias or a group may be among messages: nearly always not, told without reading their JSON."""
    return _ALIAS in bodies or _GROUP in bodies
