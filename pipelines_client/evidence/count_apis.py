"""Counts by event and day from the vendors' HTTP APIs, where no export is at hand (FACTS S11, C20).

A key comes from the environment and goes nowhere but into the header of a request.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

import orjson
import urllib3

from pipelines_client.errors import SourceError
from pipelines_client.evidence.fact import CountRow
from pipelines_client.evidence.instants import day_of, unix_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MAX_DAYS = 30  # FACTS S11, C20
_PAUSE_S = 0.1  # 10 requests a second (FACTS C20)
_PAGE = 100  # FACTS C20
_TRIES = 5
_LONGEST_WAIT_S = 60.0
_TIMEOUT_S = 30.0
_DATA_TYPES = {"event": "track", "page": "page", "screen": "screen"}

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Span:
    """The time that is asked about, aware."""

    since: datetime
    until: datetime


class Ask(Protocol):
    """Gets one page of an API."""

    def __call__(self, path: str, query: Iterable[tuple[str, str]]) -> Any:
        """Return the JSON value of the answer."""


@dataclass(frozen=True, slots=True)
class Api:
    """One API that counts.

    Attributes:
        name: How it is given, before a colon.
        title: What it is, in words.
        side: Whose exports its counts are held against.
        key_variable: Environment variable of its key.
        url_variable: Environment variable of its address, for the other region.
        url: Its address by default.
        needs: What stands behind the colon, if something must.
        count: Yields keys (event, type, day) and counts.
    """

    name: str
    title: str
    side: str
    key_variable: str
    url_variable: str
    url: str
    needs: str | None
    count: Callable[[Ask, str, Span], Iterator[tuple[Key, int]]]


def fetch_counts(
    api: Api,
    target: str,
    span: Span,
    *,
    source: str,
    environment: Mapping[str, str] | None = None,
    pause: Callable[[float], object] = time.sleep,
    advance: Callable[[int], object] = lambda _: None,
) -> list[CountRow]:
    """Return what an API counted in a span of at most 30 days.

    Args:
        api: Which.
        target: What stood behind the colon: a source id, or nothing.
        span: From when until when.
        source: The name that the rows bear.
        environment: Where the key is; by default this process's.
        pause: Waits so many seconds.
        advance: Told how many bytes came, as they do.

    Raises:
        SourceError: There is no key, it was refused, or the API did not answer.
    """
    given = os.environ if environment is None else environment
    key = given.get(api.key_variable, "").strip()
    if not key:
        raise SourceError(f"{api.name}: set {api.key_variable} in the environment to the key of {api.title}")
    if api.needs is not None and not target:
        raise SourceError(f"{api.name}: write {api.needs} behind it, as in {api.name}:abc123")
    until = span.until
    since = max(span.since, until - timedelta(days=MAX_DAYS))
    address = given.get(api.url_variable, "").strip().rstrip("/") or api.url
    counts: Counter[Key] = Counter()
    with urllib3.PoolManager(timeout=_TIMEOUT_S, retries=False) as pool:

        def ask(path: str, query: Iterable[tuple[str, str]]) -> Any:
            return _ask(_Request(pool, f"{address}{path}", list(query), key), api, pause, advance)

        for counted, number in api.count(ask, target, Span(since, until)):
            counts[counted] += number
    return [CountRow(source, *counted, number) for counted, number in sorted(counts.items())]


@dataclass(frozen=True, slots=True)
class _Request:
    pool: urllib3.PoolManager
    url: str
    query: list[tuple[str, str]]
    key: str


def _ask(request: _Request, api: Api, pause: Callable[[float], object], advance: Callable[[int], object]) -> Any:
    headers = {"Authorization": f"Bearer {request.key}", "Accept": "application/json"}
    for attempt in range(_TRIES):
        pause(_PAUSE_S)
        try:
            answer = request.pool.request("GET", request.url, fields=request.query, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise SourceError(f"{api.name}: {api.title} did not answer ({type(error).__name__})") from None
        advance(len(answer.data))
        if answer.status == HTTPStatus.OK:
            return _json(answer.data, api)
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise SourceError(f"{api.name}: the key in {api.key_variable} was refused ({answer.status})")
        if answer.status != HTTPStatus.TOO_MANY_REQUESTS and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            break
        pause(min(_LONGEST_WAIT_S, _seconds(answer.headers.get("Retry-After")) or 2.0**attempt))
    raise SourceError(f"{api.name}: {api.title} answered {answer.status}")


def _json(data: bytes, api: Api) -> dict[str, Any]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise SourceError(f"{api.name}: {api.title} answered 200 with no JSON object; check {api.url_variable}")
    return value


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0


def _volume(ask: Ask, target: str, span: Span) -> Iterator[tuple[Key, int]]:
    more = [("sourceId", target)] if target else []
    yield from _series(ask, "/events/volume", "result", more, span)


def _delivery(ask: Ask, target: str, span: Span) -> Iterator[tuple[Key, int]]:
    yield from _series(ask, "/delivery-overview/successfully-received", "dataset", [("sourceId", target)], span)


def _series(ask: Ask, path: str, field: str, more: list[tuple[str, str]], span: Span) -> Iterator[tuple[Key, int]]:
    cursor: str | None = None
    while True:
        query = [
            ("granularity", "DAY"),
            ("startTime", span.since.isoformat().replace("+00:00", "Z")),
            ("endTime", span.until.isoformat().replace("+00:00", "Z")),
            ("groupBy", "eventName"),
            ("groupBy", "eventType"),
            *more,
            *([("pagination.cursor", cursor)] if cursor else []),
        ]
        data = ask(path, query).get("data") or {}
        for entry in data.get(field) or ():
            kind = str(entry.get("eventType") or "track").lower()
            for point in entry.get("series") or ():
                day = day_of(unix_ms(point.get("time")))
                yield (str(entry.get("eventName") or kind).strip(), kind, day or ""), int(point.get("count") or 0)
        cursor = (data.get("pagination") or {}).get("next")
        if not cursor:
            return


def _activities(ask: Ask, target: str, span: Span) -> Iterator[tuple[Key, int]]:
    """Count activities one by one: there is no time window to ask for, so all 30 days are read (FACTS C20)."""
    del target
    first, last = span.since.timestamp() * 1000, span.until.timestamp() * 1000
    start = ""
    while True:
        page = ask("/v1/activities", [("limit", str(_PAGE)), *([("start", start)] if start else [])])
        activities = page.get("activities") or ()
        for activity in activities:
            kind, at_ms = _DATA_TYPES.get(str(activity.get("type"))), unix_ms(activity.get("timestamp"))
            if kind is not None and at_ms is not None and first <= at_ms < last:
                yield (str(activity.get("name") or kind).strip(), kind, day_of(at_ms) or ""), 1
        start = str(page.get("next") or "")
        if not start or not activities:
            return


_SEGMENT = "https://api.segmentapis.com"
APIS: dict[str, Api] = {
    api.name: api
    for api in (
        Api(
            "segment-volume",
            "Segment's event volume",
            "segment",
            "PIPELINES_SEGMENT_API_TOKEN",
            "PIPELINES_SEGMENT_API_URL",
            _SEGMENT,
            None,
            _volume,
        ),
        Api(
            "segment-delivery",
            "Segment's delivery overview",
            "segment",
            "PIPELINES_SEGMENT_API_TOKEN",
            "PIPELINES_SEGMENT_API_URL",
            _SEGMENT,
            "a source id",
            _delivery,
        ),
        Api(
            "customerio-activities",
            "Customer.io's activities",
            "customerio",
            "PIPELINES_CUSTOMERIO_APP_KEY",
            "PIPELINES_CUSTOMERIO_APP_URL",
            "https://api.customer.io",
            None,
            _activities,
        ),
    )
}
"""Every API that counts, by its name."""
