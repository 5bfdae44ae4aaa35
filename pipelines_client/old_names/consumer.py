"""Upstream's limits and errors, and a `Consumer` that says what to use instead."""

from __future__ import annotations

from segment.analytics.consumer import BATCH_SIZE_LIMIT, MAX_MSG_SIZE, FatalError

__all__ = ["BATCH_SIZE_LIMIT", "MAX_MSG_SIZE", "Consumer", "FatalError"]


class Consumer:
    """Refuses to be made: the client starts its senders by itself.

    Raises:
        NotImplementedError: The text says what to use instead.
    """

    def __init__(self, *_: object, **__: object) -> None:
        raise NotImplementedError("pipelines_client has no Consumer: make a Client, which starts its senders by itself")
