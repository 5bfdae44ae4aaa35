"""What the log says when delivery starts and when it takes over what other processes left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pipelines_client.delivery.lane import Lane
from pipelines_client.destinations.base import VERSION
from pipelines_client.log import logger


def say_started(lane: Lane, *, stage: str, state_dir: Path | None) -> None:
    """Say what a client does: with which stage, to which hosts, from which directory."""
    logger().info(
        "delivery_started",
        stage=stage,
        legs={leg: sender.destination.host for leg, sender in lane.senders.items()},
        state_dir=str(state_dir) if state_dir else "none: in memory",
        version=VERSION,
    )


def say_adopted(lanes: Sequence[Lane]) -> None:
    """Say how many messages of ended processes are delivered now."""
    messages = Counter[str]()
    for lane in lanes:
        messages.update({leg: lane.taken_over[leg] for leg in lane.senders})
    if messages.total():
        logger().info("spools_adopted", spools=len(lanes), messages=dict(messages))
