"""The meaning of an API's answers, and the form of requests to it."""

from __future__ import annotations

import base64
from datetime import datetime, timezone
from typing import Any

import orjson
import pytest

from pipelines_client.destinations.answers import read_code, read_failures, read_words
from pipelines_client.destinations.base import USER_AGENT, ApiAnswer, Decision, told
from pipelines_client.destinations.customerio import CustomerIo
from pipelines_client.destinations.registry import make_destination
from pipelines_client.destinations.segment import INTEGRATION_PRESETS, Segment

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("statuses", "decision"),
    [
        ((200, 201, 202, 204, 299), Decision.ACCEPT),
        ((408, 425, 429, 460, 500, 502, 503, 504, 511, 599), Decision.WAIT),
        ((401, 300, 301, 302, 304, 307, 308, 399), Decision.PAUSE),
        ((402, 404, 405, 406, 407, 410, 411, 415, 421, 426, 431, 451, 501, 505), Decision.PAUSE),
        ((414, 417, 428), Decision.PAUSE),
        ((403,), Decision.PROBE),
        ((400, 409, 413, 422, 499), Decision.SPLIT),
        ((101, 199, 600, 999), Decision.WAIT),
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
        (b'{"errors":[{"reason":"invalid","batch_index":0}]}', "invalid"),
        (b'{"message":"' + b"x" * 9_000 + b'"}', "x" * 2_000),
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
        ({"X-RateLimit-Reset": "1793700000"}, None),
        ({"X-RateLimit-Reset": "Mon, 02 Nov 2026 09:30:30 GMT"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    """FACTS S4, C7."""
    assert make_destination(Segment, "s").read(429, headers, b"", now=NOW).retry_after_s == seconds


def test_customerio_gets_strict_mode_and_bearer_or_basic_by_the_form_of_the_key() -> None:
    """FACTS C2, C3."""
    basic = "Basic " + base64.b64encode(b"plain:").decode()
    assert make_destination(CustomerIo, "plain").headers() == {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "Authorization": basic,
        "X-Strict-Mode": "1",
    }
    assert make_destination(CustomerIo, "pk_eu_1").headers()["Authorization"] == "Bearer pk_eu_1"


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
    kept: dict[str, Any] = orjson.loads(b"".join(far_end.envelope(sent_at=NOW, is_kept=True)))
    assert kept["integrations"] == INTEGRATION_PRESETS["customerio_off"]
    off = INTEGRATION_PRESETS["customerio_off"]
    for own, more in ((b'{"integrations":{},"a":1}', {}), (b'{"a":1,"integrations":{"Slack":true}}', {"Slack": True})):
        assert orjson.loads(far_end.kept(own)) == {"a": 1, "integrations": {**more, **off}}
    assert orjson.loads(far_end.kept(b'{"a":1,"integrations":null}'))["integrations"] == off
    other = make_destination(CustomerIo, "c")
    assert other.envelope(sent_at=NOW, is_kept=True) == other.envelope(sent_at=NOW)
    assert far_end.headers()["Authorization"].startswith("Basic ")
    assert far_end.headers(token="t")["Authorization"] == "Bearer t"
    assert "X-Strict-Mode" not in far_end.headers()


def test_an_answer_that_is_nested_too_deeply_has_no_words() -> None:
    """A 400 is a 400, whatever its body."""
    for body in (b"[" * 900 + b"]" * 900, b'{"meta":' * 900 + b'"x"' + b"}" * 900):
        verdict = make_destination(CustomerIo, "k").read(400, {}, body, now=NOW)
        assert (verdict.decision, verdict.words) == (Decision.SPLIT, "")
    for deep, words in ((17, "x"), (18, "")):
        assert read_words(b"[" * deep + b'"x"' + b"]" * deep) == words
        assert read_words(b'{"error":' * deep + b'"x"' + b"}" * deep) == words


def test_an_api_may_ask_to_wait_for_an_hour_at_most() -> None:
    """A server whose clock is wrong by centuries does not stop the leg for good."""
    for value in ("Mon, 01 Jan 2525 00:00:00 GMT", "999999999", 20 * "9", 400 * "9"):
        assert make_destination(CustomerIo, "k").read(503, {"Retry-After": value}, b"", now=NOW).retry_after_s == 3_600


@pytest.mark.parametrize(
    ("body", "failed", "decision"),
    [
        (b"", {}, Decision.ACCEPT),
        (b"{}", {}, Decision.ACCEPT),
        (b'{"success": true}', {}, Decision.ACCEPT),
        (b'{"succ', {}, Decision.ACCEPT),
        (b"[1]", {}, Decision.ACCEPT),
        (b'{"errors":[]}', {}, Decision.ACCEPT),
        (b'{"errors":[{"batch_index":1,"message":"bad"}]}', {1: "bad"}, Decision.ACCEPT),
        (
            b'{"errors":[{"batch_index":1,"reason":"bad"},{"batch_index":2}]}',
            {1: "bad", 2: "not taken"},
            Decision.ACCEPT,
        ),
        (b'{"errors":[{"batch_index":0,"message":"a"},{"batch_index":0,"message":"b"}]}', {0: "a; b"}, Decision.ACCEPT),
        (b'{"meta":{"errors":[{"batch_index":"2","message":"bad"}]}}', {2: "bad"}, Decision.ACCEPT),
        (b'{"error":{"batchIndex":1,"message":"bad"}}', {1: "bad"}, Decision.ACCEPT),
        (b'{"errors":[{"index":2,"message":"bad"}]}', {2: "bad"}, Decision.ACCEPT),
        (b'{"success":false,"errors":[{"batch_index":0,"message":"bad"}]}', {0: "bad"}, Decision.ACCEPT),
        (b'{"errors":[{"batch_index":3,"message":"bad"}]}', {}, Decision.ACCEPT),
        (
            b'{"errors":[{"batch_index":-1},{"batch_index":true},{"batch_index":1.0},{"batch_index":null},7]}',
            {},
            Decision.ACCEPT,
        ),
        (b'{"success":false,"message":"no"}', {}, Decision.SPLIT),
    ],
)
@pytest.mark.parametrize("status", [200, 202, 207])
def test_a_success_that_names_messages_refuses_those(status: int, body: bytes, failed: Any, decision: Decision) -> None:
    """FACTS C5: the good items of a batch of three are taken."""
    answer = make_destination(CustomerIo, "k").read(status, {}, body, now=NOW, count=3)
    assert (answer.decision, answer.failed) == (decision, failed)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"success":false}', "success: false"),
        (b'{"success":false,"message":"no"}', "no"),
        (b'{"errors":["no"]}', "no"),
    ],
)
def test_a_success_that_says_no_about_a_single_message_refuses_it(body: bytes, words: str) -> None:
    """There is only one that it can be about."""
    answer = make_destination(CustomerIo, "k").read(200, {}, body, now=NOW, count=1)
    assert (answer.decision, answer.failed) == (Decision.ACCEPT, {0: words})


@pytest.mark.parametrize(
    ("kind", "body", "is_page"),
    [
        ("text/html", b"<!doctype html><title>Log in</title>", True),
        ("text/plain", b"\xef\xbb\xbf\r\n <HTML>", True),
        ("text/html; charset=utf-8", b"Please log in", True),
        ("application/json", b"<?xml version='1.0'?><error/>", True),
        ("text/html", b"", False),
        ("text/html", b'{"success": true}', False),
        ("text/html", b"[]", False),
        ("text/plain", b"ok", False),
        ("", b"", False),
    ],
)
def test_a_success_that_is_a_web_page_is_a_gateways(kind: str, body: bytes, is_page: bool) -> None:
    """A login page took nothing: all is kept."""
    answer = make_destination(CustomerIo, "k").read(200, {"Content-type": kind}, body, now=NOW, count=3)
    assert answer.decision is (Decision.PAUSE if is_page else Decision.ACCEPT)


def test_alias_and_a_group_without_a_person_have_endpoints_at_customerio_only() -> None:
    """FACTS C10. A property that looks like a type changes nothing."""
    alias = b'{"userId":"b","type":"alias","previousId":"a"}'
    lone_group = b'{"userId":null,"anonymousId":"","type":"group","groupId":"g"}'
    group = b'{"userId":"u","type":"group","groupId":"g"}'
    track = b'{"userId":"u","type":"track","properties":{"type":"alias"}}'
    customerio, segment = make_destination(CustomerIo, "k"), make_destination(Segment, "s")
    assert customerio.own_url(alias) == "https://cdp.customer.io/v1/alias"
    assert customerio.own_url(lone_group) == "https://cdp.customer.io/v1/group"
    assert customerio.own_url(group) is None
    assert customerio.own_url(track) is None
    assert segment.own_url(alias) is None
    assert customerio.count_shared([track, group, track]) == 3
    assert customerio.count_shared([track, group, lone_group, track, alias]) == 2
    assert segment.count_shared([alias, track]) == 2


def test_a_fingerprint_tells_host_and_key_apart_and_shows_no_key() -> None:
    """What a message was taken for."""
    marks = {
        make_destination(CustomerIo, key, host=host).fingerprint
        for key in ("a-key", "b-key")
        for host in (None, "https://x.example")
    }
    assert len(marks) == 4
    assert not any("-key" in mark for mark in marks)
    mark = make_destination(CustomerIo, "a-key").fingerprint
    assert told(mark) == f"cdp.customer.io, key {mark.partition('#')[2][:8]}"
    assert told("") == "an unknown host, key unknown"


def test_the_preset_switches_off_every_name_of_segments_own_destination() -> None:
    """FACTS S12: one name that is missing, and each message comes to Customer.io twice."""
    names = ("Actions Customerio", "Customer.io (Actions)", "Customer.io Actions", "Customer.io")
    assert INTEGRATION_PRESETS["customerio_off"] == dict.fromkeys(names, False)
    assert INTEGRATION_PRESETS["all_off"] == {"All": False}


def test_a_fingerprint_stays_the_same_because_spools_and_dead_letters_have_it() -> None:
    """Any other would leave what waits unsent."""
    assert make_destination(CustomerIo, "k").fingerprint == "cdp.customer.io#4bf7f0513a38cc7a43242cdf8fbb0572"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"code":"invalid_key","message":"no"}', "invalid_key"),
        (b'{"code":17}', "17"),
        (b'{"code":"two words"}', ""),
        (b'{"code":"' + b"x" * 61 + b'"}', ""),
        (b'{"code":["a"]}', ""),
        (b'{"code":1.5}', ""),
        (b"[1]", ""),
        (b"no", ""),
    ],
)
def test_the_code_beside_an_error_is_a_word_or_a_number(body: bytes, code: str) -> None:
    """Anything else may be a person's."""
    assert read_code(body) == code


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("Mon, 02 Nov 2026 10:30:30 +0100", 30.0), ("Mon, 02 Nov 2026 09:30:30 -0000", 30.0), ("9:30", None)],
)
def test_a_date_to_wait_for_may_be_in_any_zone(text: str, seconds: float | None) -> None:
    """Without one it is UTC."""
    assert make_destination(Segment, "s").read(503, {"Retry-After": text}, b"", now=NOW).retry_after_s == seconds


@pytest.mark.parametrize("said", [{"words": "my key"}, {"failed": {3: "my key"}}, {"code": "key"}])
def test_each_word_of_an_answer_is_hidden(said: dict[str, Any]) -> None:
    """The text, what it says of a message, and the code, each also alone."""
    answer = ApiAnswer(Decision.ACCEPT, "http_200", **said)
    hidden = answer.without(lambda words: words.replace("key", "***" * 200))
    assert "key" not in str(hidden)
    assert "***" in str(hidden)
    assert [len(words) for words in (hidden.words, *hidden.failed.values()) if words] == [300] * ("code" not in said)


def test_an_answer_without_words_has_none_to_hide() -> None:
    """It comes with every batch that is taken, and looking through a batch takes time."""
    answer = ApiAnswer(Decision.ACCEPT, "http_200")
    assert answer.without(lambda _: "hidden") is answer


def test_the_words_of_an_answer_are_those_of_all_its_errors() -> None:
    """Each once; a place that is spelt with more than eight digits is none."""
    body = (
        b'{"errors":[{"batch_index":"00000002","reason":"a"},{"batch_index":"000000001","reason":"b"},{"reason":"a"}]}'
    )
    failures = read_failures(body, count=3)
    assert (failures.by_place, failures.words) == ({2: "a"}, "a; b")
    assert read_failures(b'{"success":false,"message":"no"}', count=3).words == "no"
