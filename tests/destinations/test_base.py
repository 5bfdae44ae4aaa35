"""The meaning of an API's answers, and the form of requests to it."""

from __future__ import annotations

import base64
from datetime import datetime, timezone
from typing import Any

import orjson
import pytest

from pipelines_client.destinations.answers import read_words
from pipelines_client.destinations.base import Decision
from pipelines_client.destinations.customerio import CustomerIo
from pipelines_client.destinations.registry import make_destination
from pipelines_client.destinations.segment import Segment

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("statuses", "decision"),
    [
        ((200, 201, 202, 204), Decision.ACCEPT),
        ((408, 425, 429, 460, 500, 502, 503, 504, 511, 599), Decision.WAIT),
        ((401, 403, 300, 301, 302, 304, 307, 308), Decision.PAUSE),
        ((400, 404, 405, 410, 413, 422, 501, 505), Decision.SPLIT),
    ],
)
def test_every_status_has_one_meaning(statuses: tuple[int, ...], decision: Decision) -> None:
    """The table of answers in docs/architecture.md."""
    for status in statuses:
        assert make_destination(CustomerIo, "k").read(status, {}, b"", now=NOW).decision is decision, status


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"meta":{"errors":["type is required","userId is required"]}}', "type is required; userId is required"),
        (b'{"meta":{"error":"bad key"}}', "bad key"),
        (b'{"errors":[{"detail":"too big","status":"400"}]}', "too big"),
        (b'{"code":"invalid","message":"not good"}', "not good"),
        (b"plain\nwords\x1b[31m", "plain words [31m"),
        (b"[1]", ""),
        (b"", ""),
        (b"\xff", "\ufffd"),
        (b'{"message":"' + b"x" * 1_000 + b'"}', "x" * 300),
    ],
)
def test_the_error_text_is_read_in_every_known_form(body: bytes, words: str) -> None:
    """FACTS C4; P8: a 400 without the expected fields is still a 400."""
    assert read_words(body) == words


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"Retry-After": "Mon, 02 Nov 2026 09:30:30 GMT"}, 30.0),
        ({"Retry-After": "Mon, 02 Nov 2026 09:00:00 GMT"}, 0.0),
        ({"X-RateLimit-Reset": "3"}, 3.0),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "4"}, 4.0),
        ({"Retry-After": "-1"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    """FACTS S4, C7."""
    assert make_destination(Segment, "s").read(429, headers, b"", now=NOW).retry_after_s == seconds


def test_customerio_gets_strict_mode_and_bearer_or_basic_by_the_form_of_the_key() -> None:
    """FACTS C2, C3."""
    basic = "Basic " + base64.b64encode(b"plain:").decode()
    assert make_destination(CustomerIo, "plain").headers()["Authorization"] == basic
    assert make_destination(CustomerIo, "pk_eu_1").headers()["Authorization"] == "Bearer pk_eu_1"
    assert make_destination(CustomerIo, "plain").headers()["X-Strict-Mode"] == "1"


def test_segment_gets_its_key_in_the_body_and_integrations_at_the_top() -> None:
    """FACTS S2, S5, S12; OAuth takes the header, the key stays in the body."""
    far_end = make_destination(Segment, "s", integrations={"Actions Customerio": False})
    start, end = far_end.envelope(sent_at=NOW)
    body: dict[str, Any] = orjson.loads(start + b'{"a":1}' + end)
    assert body == {
        "batch": [{"a": 1}],
        "sentAt": "2026-11-02T09:30:00+00:00",
        "writeKey": "s",
        "integrations": {"Actions Customerio": False},
    }
    assert far_end.headers()["Authorization"].startswith("Basic ")
    assert far_end.headers(token="t")["Authorization"] == "Bearer t"
    assert "X-Strict-Mode" not in far_end.headers()


def test_an_answer_that_is_nested_too_deeply_has_no_words() -> None:
    """A 400 is a 400, whatever its body."""
    for body in (b"[" * 900 + b"]" * 900, b'{"meta":' * 900 + b'"x"' + b"}" * 900):
        verdict = make_destination(CustomerIo, "k").read(400, {}, body, now=NOW)
        assert (verdict.decision, verdict.words) == (Decision.SPLIT, "")


def test_an_api_may_ask_to_wait_for_a_day_at_most() -> None:
    """A server whose clock is wrong by centuries does not stop the leg for good."""
    for value in ("Mon, 01 Jan 2525 00:00:00 GMT", "999999999"):
        assert make_destination(CustomerIo, "k").read(503, {"Retry-After": value}, b"", now=NOW).retry_after_s == 86_400
