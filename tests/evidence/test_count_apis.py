"""Counts through the vendors' HTTP APIs, answered by the sandbox: keys, pages, limits, refusals."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from pipelines_client.errors import SourceError
from pipelines_client.evidence.count_apis import APIS
from pipelines_client.evidence.count_apis.base import TimeSpan, fetch_counts

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines_client import Client

KEY = "an-app-key-that-stays-secret"


@pytest.fixture
def environment(sandbox: Any) -> dict[str, str]:
    return {
        "PIPELINES_SEGMENT_API_TOKEN": KEY,
        "PIPELINES_SEGMENT_API_URL": sandbox.segment.url,
        "PIPELINES_CUSTOMERIO_APP_KEY": f"{KEY}\n",
        "PIPELINES_CUSTOMERIO_APP_URL": sandbox.customerio.url,
    }


@pytest.fixture
def fetch(environment: dict[str, str]) -> Callable[..., Any]:
    """Fetch counts of the last two days; waits are noted, not waited."""
    waits: list[float] = []

    def run(name: str, target: str = "", **changes: Any) -> dict[tuple[str, str], int]:
        now = datetime.now(timezone.utc)
        span = TimeSpan(now - timedelta(days=2), now + timedelta(minutes=1))
        given = {"environment": environment, "pause": waits.append, **changes}
        rows = fetch_counts(APIS[name], target, span, source=name, **given)
        return {(row.event, row.type): row.count for row in rows}

    run.waits = waits  # type: ignore[attr-defined]
    return run


def send(client: Client, count: int) -> None:
    for number in range(count):
        client.track("u1", "Order Completed" if number % 3 else "Cart Updated", {"n": number})
    client.identify("u1", {"plan": "pro"})
    client.page("u1", "Shop", "Home")
    assert client.flush(timeout=10)


def test_each_api_counts_what_it_stored(client, fetch):
    """By event and type; Customer.io's activities know no identify, and come a hundred a page."""
    send(client, 240)
    tracks = {("Cart Updated", "track"): 80, ("Order Completed", "track"): 160}
    for name, target in (("segment-volume", ""), ("segment-delivery", "9sBxKq2mVd")):
        assert fetch(name, target) == {**tracks, ("identify", "identify"): 1, ("page", "page"): 1}
    requests = len(fetch.waits)
    assert fetch("customerio-activities") == {**tracks, ("Home", "page"): 1}
    assert fetch.waits[requests:] == [0.1] * 3


def test_what_is_outside_the_span_is_not_counted(client, environment):
    """Customer.io is asked for everything, and only the span is kept."""
    send(client, 3)
    early = datetime.now(timezone.utc) - timedelta(days=3)
    for name in ("segment-volume", "customerio-activities"):
        span = TimeSpan(early, early + timedelta(days=1))
        assert fetch_counts(APIS[name], "", span, source="x", environment=environment, pause=len_of) == []


def len_of(_: float) -> None:
    """Wait for nothing."""


def test_a_key_is_needed_and_never_shown(fetch, environment):
    """It comes from the environment; an error names the variable."""
    with pytest.raises(SourceError, match="set PIPELINES_SEGMENT_API_TOKEN in the environment"):
        fetch("segment-volume", environment={})
    with pytest.raises(SourceError, match="write SOURCE_ID after the colon, as in segment-delivery:abc123"):
        fetch("segment-delivery")
    broken = {**environment, "PIPELINES_SEGMENT_API_URL": environment["PIPELINES_SEGMENT_API_URL"] + "/nowhere"}
    with pytest.raises(SourceError) as failure:
        fetch("segment-volume", environment=broken)
    assert "answered 404" in str(failure.value)
    assert KEY not in str(failure.value)
    away = {**environment, "PIPELINES_CUSTOMERIO_APP_URL": "http://127.0.0.1:9"}
    with pytest.raises(SourceError, match=r"Customer\.io's activities did not answer"):
        fetch("customerio-activities", environment=away)


def test_counts_of_an_api_are_held_against_the_ledger(client, compare, environment, monkeypatch, state_dir, tmp_path):
    """As a source of the report, with a gate of its own; nothing of it is kept."""
    send(client, 30)
    client.shutdown()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    report = compare(
        {"ledger": state_dir, "counts": ["segment-volume:", "customerio-activities:"]},
        until=datetime.now(timezone.utc) + timedelta(minutes=1),
        cache=tmp_path / "kept",
    )
    assert {name: (counts.ours, counts.ours_total) for name, counts in report.counts.items()} == {
        "segment-volume": ("sent", 32),
        "customerio-activities": ("sent", 31),
    }
    assert report.counts["segment-volume"].theirs_total == 32
    assert KEY not in report.to_json()
    assert len(list((tmp_path / "kept").glob("*/*/pack.json"))) == 1


def test_a_limit_is_waited_for_and_a_refusal_told(fetch, environment, tiny_server):
    """429 waits as long as it says, five times; 401 names the variable."""
    answers, url = tiny_server
    given = {**environment, "PIPELINES_CUSTOMERIO_APP_URL": url}
    answers += [(429, {"Retry-After": "7"}, b""), (200, {}, b'{"activities": [], "next": ""}')]
    assert fetch("customerio-activities", environment=given) == {}
    assert fetch.waits == [0.1, 7.0, 0.1]
    answers += [(401, {}, b"")]
    with pytest.raises(SourceError, match=r"the key in PIPELINES_CUSTOMERIO_APP_KEY was refused \(401\)"):
        fetch("customerio-activities", environment=given)
    answers += [(503, {}, b"")] * 5
    with pytest.raises(SourceError, match="answered 503"):
        fetch("customerio-activities", environment=given)
    answers += [(200, {}, b"<html>")]
    with pytest.raises(SourceError, match="without a JSON object; check PIPELINES_CUSTOMERIO_APP_URL"):
        fetch("customerio-activities", environment=given)


@pytest.fixture
def tiny_server() -> Any:
    """A server that answers what it is told, one after the other."""
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    answers: list[tuple[int, dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answers.pop(0)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield answers, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()
