"""Reads the body of a request, and records the request without its key. Pure."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import TYPE_CHECKING, Any

import orjson

from pipelines_client.sandbox.auth import KeyStanding
from pipelines_client.sandbox.model import Reply, RequestRecord, size_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pipelines_client.sandbox.rules import Submission

_MAX_INFLATED_BYTES = 64 * 1024 * 1024


def read_body(raw: bytes, encoding: str) -> tuple[Any, int]:
    """Return the parsed body, or None if it is not JSON, and its size without compression."""
    if encoding.strip().lower() == "gzip":
        try:
            raw = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(_MAX_INFLATED_BYTES)
        except (OSError, EOFError, zlib.error):
            return None, len(raw)
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None, len(raw)
    # The defaults that a batch has for its messages are written with each of them.
    is_writable = not isinstance(body, dict) or "batch" not in body or size_of({**body, "batch": None}) is not None
    return body if is_writable else None, len(raw)


def record(
    submission: Submission,
    *,
    path: str,
    headers: Mapping[str, str],
    raw: bytes,
    reply: Reply,
    received_at: datetime,
    scheme: str | None,
) -> RequestRecord:
    """Return what is kept of a request: not its messages, and not its key."""
    is_right = submission.key is KeyStanding.RIGHT
    word = "matched" if is_right else "not matched"
    kept = dict(headers)
    if "authorization" in kept:
        kept["authorization"] = f"{scheme} {word}"
    top = submission.body if isinstance(submission.body, dict) else {}
    top = {name: value for name, value in top.items() if name != "batch"}
    if "writeKey" in top:
        top["writeKey"] = word
    status = reply.status if isinstance(reply.status, int) else None
    items = len(submission.items or ())
    return RequestRecord(path, status, items, len(raw), kept, scheme, is_right, received_at, top)
