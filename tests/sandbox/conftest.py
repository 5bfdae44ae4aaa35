"""Fixtures of the sandbox's tests: a plain HTTP client, a message, a clock."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipelines_client.sandbox import Api


@dataclass(frozen=True)
class Response:
    """An answer that was read."""

    status: int
    json: Any
    headers: dict[str, str]


class Clock:
    """A clock that moves only on request."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.at

    def advance(self, **by: float) -> None:
        """Let time pass."""
        self.at += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    """The time of receipt, standing at 2026-11-02 09:30 UTC."""
    return Clock()


@pytest.fixture
def message() -> Callable[..., dict[str, Any]]:
    """Make a track, or another call by naming its type; a field given as None is left out."""

    def make(message_id: str = "m1", **fields: Any) -> dict[str, Any]:
        base = {"type": "track", "messageId": message_id, "userId": "u1", "context": {}, "integrations": {}}
        if fields.get("type", "track") == "track":
            base |= {"event": "Order Completed", "properties": {"total": 42}}
        return {name: value for name, value in (base | fields).items() if value is not None}

    return make


@pytest.fixture
def post() -> Iterator[Callable[..., Response]]:
    """Send a request as a client would and read the answer."""
    pool = urllib3.PoolManager(retries=False, timeout=5)

    def send(
        api: Api,
        batch: list[Any] | None = None,
        *,
        call: str = "batch",
        body: Any = None,
        key: str | None = "key",
        strict: bool = False,
        zipped: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Response:
        sent = dict(headers or {})
        if key is not None:
            sent |= urllib3.make_headers(basic_auth=f"{key}:")
        if strict:
            sent["X-Strict-Mode"] = "1"
        body = {"batch": batch} if body is None else body
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        if zipped:
            raw, sent["Content-Encoding"] = gzip.compress(raw), "gzip"
        answer = pool.request("POST", f"{api.url}/v1/{call}", body=raw, headers=sent, redirect=False)
        return Response(answer.status, json.loads(answer.data or b"null"), dict(answer.headers))

    yield send
    pool.clear()
