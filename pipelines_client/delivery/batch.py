"""Pack messages into the body of one request. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def pack(bodies: Sequence[bytes], envelope: tuple[bytes, bytes], *, max_body_bytes: int) -> int:
    """Return how many of the first messages fit into one body; at least 1 of a non-empty sequence."""
    size = len(envelope[0]) + len(envelope[1]) - 1  # n messages have n - 1 commas
    for count, body in enumerate(bodies):
        size += len(body) + 1
        if size > max_body_bytes:
            return max(count, 1)
    return len(bodies)


def join(bodies: Sequence[bytes], envelope: tuple[bytes, bytes]) -> bytes:
    """Return the body of one request."""
    return envelope[0] + b",".join(bodies) + envelope[1]
