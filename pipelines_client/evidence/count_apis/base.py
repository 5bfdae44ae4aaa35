"""Counts by event and day from a vendor's HTTP API: what an API offers, and how it is asked.

The key is read from the environment and used in the header of requests only.
"""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import orjson

from pipelines_client.errors import SourceError
from pipelines_client.evidence.fact import CountRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    import urllib3

MAX_DAYS = 30  # FACTS S11, C20
_PAUSE_S = 0.1  # 10 requests a second (FACTS C20)
_TRIES = 5
_LONGEST_WAIT_S = 60.0
_TIMEOUT_S = 30.0

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """The time that is asked about; both instants are aware."""

    since: datetime
    until: datetime


class Ask(Protocol):
    """Gets one page of an API."""

    def __call__(self, path: str, query: Iterable[tuple[str, str]]) -> Any:
        """Return the JSON value of the answer."""


class CountsApi(ABC):
    """One API that counts.

    Attributes:
        name: What stands before the colon: `segment-volume:`.
        title: The API in words.
        side: The side whose exports its counts are compared with.
        key_variable: Environment variable of its key.
        url_variable: Environment variable of its address, for another region.
        url: Its default address.
        target_word: What must follow the colon, as the help writes it; empty if nothing must.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    side: ClassVar[str]
    key_variable: ClassVar[str]
    url_variable: ClassVar[str]
    url: ClassVar[str]
    target_word: ClassVar[str] = ""

    @abstractmethod
    def count(self, ask: Ask, target: str, span: TimeSpan) -> Iterator[tuple[Key, int]]:
        """Yield keys (event, type, day) with counts; a key may repeat."""


def fetch_counts(
    api: CountsApi,
    target: str,
    span: TimeSpan,
    *,
    source: str,
    environment: Mapping[str, str] | None = None,
    pause: Callable[[float], object] = time.sleep,
    advance: Callable[[int], object] = lambda _: None,
) -> list[CountRow]:
    """Return what an API counted in the last 30 days of a span; `target` is what the user wrote after the colon.

    Raises:
        SourceError: The key is missing or was refused, or the API did not answer.
    """
    import urllib3  # here, because most runs ask no API

    given = os.environ if environment is None else environment
    key = given.get(api.key_variable, "").strip()
    if not key:
        raise SourceError(f"{api.name}: set {api.key_variable} in the environment to the key of {api.title}")
    if api.target_word and not target:
        raise SourceError(f"{api.name}: write {api.target_word} after the colon, as in {api.name}:abc123")
    until = span.until
    since = max(span.since, until - timedelta(days=MAX_DAYS))
    address = given.get(api.url_variable, "").strip().rstrip("/") or api.url
    counts: Counter[Key] = Counter()
    with urllib3.PoolManager(timeout=_TIMEOUT_S, retries=False) as pool:

        def ask(path: str, query: Iterable[tuple[str, str]]) -> Any:
            return _ask(_Request(pool, f"{address}{path}", list(query), key), api, pause, advance)

        for counted, number in api.count(ask, target, TimeSpan(since, until)):
            counts[counted] += number
    return [CountRow(source, *counted, number) for counted, number in sorted(counts.items())]


@dataclass(frozen=True, slots=True)
class _Request:
    pool: urllib3.PoolManager
    url: str
    query: list[tuple[str, str]]
    key: str


def _ask(request: _Request, api: CountsApi, pause: Callable[[float], object], advance: Callable[[int], object]) -> Any:
    from urllib3.exceptions import HTTPError

    headers = {"Authorization": f"Bearer {request.key}", "Accept": "application/json"}
    status = 0
    for attempt in range(_TRIES):
        pause(_PAUSE_S)
        try:
            answer = request.pool.request("GET", request.url, fields=request.query, headers=headers)
        except HTTPError as error:
            raise SourceError(f"{api.name}: {api.title} did not answer ({type(error).__name__})") from None
        advance(len(answer.data))
        status = answer.status
        if status == HTTPStatus.OK:
            return _json(answer.data, api)
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise SourceError(f"{api.name}: the key in {api.key_variable} was refused ({status})")
        if status != HTTPStatus.TOO_MANY_REQUESTS and status < HTTPStatus.INTERNAL_SERVER_ERROR:
            break
        pause(min(_LONGEST_WAIT_S, _seconds(answer.headers.get("Retry-After")) or 2.0**attempt))
    raise SourceError(f"{api.name}: {api.title} answered {status}")


def _json(data: bytes, api: CountsApi) -> dict[str, Any]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise SourceError(f"{api.name}: {api.title} answered 200 without a JSON object; check {api.url_variable}")
    return value


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0
