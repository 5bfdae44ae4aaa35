"""The clients to measure, made as an application makes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines_client import SpoolKind

OURS = "ours"
UPSTREAM = "upstream"
NONE = "none"


@dataclass(frozen=True, slots=True)
class Subject:
    """A client and its settings.

    `legs` is the number of destinations it writes to: for upstream, the number of clients side by side. `holds` is
    upstream's `max_queue_size`: by default it drops messages beyond 10,000, which is cheap, so it gets a queue that
    holds all messages of the run. Everything else is upstream's default.
    """

    name: str
    spool: SpoolKind = "disk"
    legs: int = 1
    gzip: bool = False
    holds: int = 10_000
    more: tuple[tuple[str, Any], ...] = ()

    @property
    def title(self) -> str:
        """Its name in tables."""
        if self.name == NONE:
            return "neither"
        return "segment-analytics-python" if self.name == UPSTREAM else f"pipelines_client, {self.spool}"


def make_clients(subject: Subject, hosts: Sequence[str], state_dir: str) -> list[Any]:
    """Return the clients to call: one of ours, or one of upstream's for each host, or none for `NONE`."""
    if subject.name == NONE:
        return []
    if subject.name == UPSTREAM:
        from segment.analytics.client import Client as Upstream

        return [
            Upstream("bench-key", host=host, gzip=subject.gzip, max_queue_size=subject.holds, **dict(subject.more))
            for host in hosts
        ]
    from pipelines_client import Client

    legacy: dict[str, Any] = (
        {"segment_write_key": "bench-segment-key", "segment_host": hosts[1]} if len(hosts) > 1 else {}
    )
    return [
        Client(
            "bench-key",
            host=hosts[0],
            gzip=subject.gzip,
            spool=subject.spool,
            state_dir=state_dir,
            **legacy,
            **dict(subject.more),
        )
    ]


OURS_DISK = Subject(OURS)
OURS_MEMORY = Subject(OURS, spool="memory")
NO_CLIENT = Subject(NONE)
