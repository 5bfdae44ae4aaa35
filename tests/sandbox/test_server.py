"""Planted answers, the records of requests, and the server's own behaviour."""

from __future__ import annotations

import json
import os
import threading
import time

import pytest
import urllib3

from pipelines_client.sandbox import Answer, Sandbox


def test_a_planted_answer_holds_for_so_many_requests(sandbox, post, message):
    """After `times` requests the API is as it was, and the other API never noticed."""
    sandbox.segment.answer(503, times=2)
    assert [post(sandbox.segment, [message("m1")]).status for _ in range(3)] == [503, 503, 200]
    assert post(sandbox.customerio, [message("m1")]).status == 200
    assert sandbox.segment.message_ids() == ["m1"]
    assert [request.status for request in sandbox.segment.requests] == [503, 503, 200]


def test_a_planted_answer_without_a_number_holds_until_normal(sandbox, post, message):
    """`normal` takes back what `answer` planted."""
    sandbox.segment.answer(500)
    assert [post(sandbox.segment, [message("m1")]).status for _ in range(3)] == [500, 500, 500]
    sandbox.segment.normal()
    assert post(sandbox.segment, [message("m1")]).status == 200


def test_a_sequence_is_answered_in_its_order(sandbox, post, message):
    """Statuses and whole answers may be mixed."""
    sandbox.customerio.answer_sequence([500, Answer(400, body={"code": "x"}, headers={"X-Seen": "yes"}), 202])
    answers = [post(sandbox.customerio, [message("m1")]) for _ in range(4)]
    assert [answer.status for answer in answers] == [500, 400, 202, 200]
    assert answers[1].json == {"code": "x"}
    assert answers[1].headers["x-seen"] == "yes"


def test_a_planted_success_keeps_the_messages_unless_told_otherwise(sandbox, post, message):
    """A 202 accepts as the API would; a 200 with accept=False swallows, and that is counted."""
    sandbox.segment.answer_sequence([202, Answer(200, accept=False), Answer(500, accept=True), 204])
    statuses = [post(sandbox.segment, [message(name)]).status for name in ("m1", "m2", "m3", "m4")]
    assert statuses == [202, 200, 500, 204]
    assert sandbox.segment.message_ids() == ["m1", "m3", "m4"]
    assert sandbox.segment.lost == {"swallowed": 1}


def test_a_reset_cuts_the_connection(sandbox, post, message):
    """The client sees no answer at all, and the record has no status."""
    sandbox.segment.answer("reset", times=1)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        post(sandbox.segment, [message("m1")])
    assert post(sandbox.segment, [message("m1")]).status == 200
    assert [request.status for request in sandbox.segment.requests] == [None, 200]


def test_stopping_is_prompt_while_requests_hang(message):
    """Requests that would never be answered do not hold up the end."""
    with Sandbox() as sandbox:
        sandbox.segment.answer("timeout")
        sandbox.customerio.delay_s = 60
        ended = [threading.Event() for _ in range(4)]

        def hang(base: str, done: threading.Event) -> None:
            with pytest.raises(urllib3.exceptions.HTTPError):
                urllib3.request("POST", f"{base}/v1/track", body=json.dumps(message()), retries=False, timeout=30)
            done.set()

        bases = [sandbox.segment.url, sandbox.customerio.url] * 2
        for base, done in zip(bases, ended, strict=True):
            threading.Thread(target=hang, args=(base, done), daemon=True).start()
        assert sandbox.segment.wait_for_requests(2)
        assert sandbox.customerio.wait_for_requests(2)
        began = time.monotonic()
        sandbox.stop()
        assert time.monotonic() - began < 0.5
    assert all(done.wait(5) for done in ended)


def test_waiting_ends_when_enough_messages_are_there(sandbox, post, message):
    """`wait_for` returns as soon as the last message is accepted, and says if it was not."""
    assert not sandbox.customerio.wait_for(1, timeout_s=0)
    poster = threading.Thread(target=lambda: [post(sandbox.customerio, [message(f"m{n}")]) for n in range(5)])
    poster.start()
    assert sandbox.customerio.wait_for(5, timeout_s=10)
    poster.join()
    assert sandbox.customerio.count == 5


def test_a_sandbox_starts_again_on_its_port(post, message):
    """A server that was away comes back at the same address with what it knew."""
    with Sandbox() as sandbox:
        before = sandbox.segment.url
        post(sandbox.segment, [message("m1")])
        sandbox.stop()
        with pytest.raises(urllib3.exceptions.HTTPError):
            post(sandbox.segment, [message("m2")])
        sandbox.start()
        assert sandbox.segment.url == before
        post(sandbox.segment, [message("m2")])
        assert sandbox.segment.message_ids() == ["m1", "m2"]


def test_records_of_requests_carry_no_key(sandbox, post, message):
    """A record says how the key came and whether it was right, never the key."""
    sandbox.segment.allow_keys("hush")
    post(
        sandbox.segment,
        body={
            "batch": [message("m1")],
            "writeKey": "hush",
            "sentAt": "2026-11-02T09:30:00Z",
            "integrations": {"A": False},
        },
        key="hush",
        headers={"X-Retry-Count": "2"},
    )
    (request,) = sandbox.segment.requests
    assert request.path == "/segment/v1/batch"
    assert (request.items, request.auth_scheme, request.is_key_right) == (1, "basic", True)
    assert request.headers["authorization"] == "basic matched"
    assert request.headers["x-retry-count"] == "2"
    assert request.top == {"writeKey": "matched", "sentAt": "2026-11-02T09:30:00Z", "integrations": {"A": False}}
    assert "hush" not in repr(request)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/"),
        ("GET", "/segment/v1/batch"),
        ("POST", "/segment/batch"),
        ("POST", "/segment/v1/v1/batch"),
        ("POST", "/segment//v1/batch"),
        ("POST", "/segment/v1/import"),
        ("POST", "/elsewhere/v1/batch"),
        ("GET", "/status"),
        ("GET", "/v1/batch"),
        ("POST", "/v1/v1/batch"),
    ],
)
def test_anything_else_is_not_found(sandbox, method, path):
    """A host with one part too many or too few is a 404 that names the path, not a silent success."""
    answer = urllib3.request(method, sandbox.url + path, body=b"{}", retries=False)
    assert answer.status == 404
    assert answer.json()["error"].startswith(f"{path} is not found; POST messages to ")


def test_each_api_is_at_the_root_of_a_port(sandbox, message):
    """A client that puts `/v1/batch` behind host and port reaches the API that the port is for."""
    for api in sandbox.apis:
        for path in ("/v1/track", f"/{api.name}/v1/track"):
            headers = urllib3.make_headers(basic_auth="key:")
            answer = urllib3.request("POST", api.root_url + path, json=message(), headers=headers, retries=False)
            assert answer.status == 200
    assert [len(api.requests) for api in sandbox.apis] == [2, 2, 2, 2]
    assert sandbox.customerio.root_url == sandbox.url
    assert len({api.root_url for api in sandbox.apis}) == 4


@pytest.mark.parametrize("name", ["customerio", "segment"])
def test_a_page_of_any_origin_may_send(sandbox, post, message, name):
    """The browser's question is answered for every header, and each answer says that the page may read it."""
    api = getattr(sandbox, name)
    asked = {
        "Origin": "http://localhost:3000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,x-strict-mode",
    }
    answer = urllib3.request("OPTIONS", f"{api.url}/v1/batch", headers=asked, retries=False)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "authorization,x-strict-mode"
    assert api.requests == []
    api.answer_sequence([503])
    answers = [post(api, [message("m1")]), post(api, [message("m1")]), post(api, [message("m1")], call="nothing")]
    assert [answer.status for answer in answers] == [503, 200, 404]
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {"*"}


def test_the_root_tells_the_counts(sandbox, post, message):
    """A look at the address shows what was accepted, by API and type, and what was lost."""
    post(sandbox.customerio, [message("m1"), message("m2", type="identify"), message("m3", userId=None)])
    status = urllib3.request("GET", sandbox.url).json()
    assert status["apis"]["customerio"] == {
        "requests": 1,
        "accepted": {"track": 1, "identify": 1},
        "lost": {"no_id": 1},
    }
    assert status["apis"]["segment"]["accepted"] == {}


@pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)  # it is, and forks on purpose
def test_a_forked_child_does_not_hold_the_port_open(post, message):
    """The address is dead once the parent stops, and free again, although a child forked meanwhile lives on."""
    with Sandbox() as sandbox:
        post(sandbox.segment, [message("m1")])
        (from_child, to_parent), (reading, writing) = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            os.close(writing)
            os.write(to_parent, b".")
            os.read(reading, 1)
            os._exit(0)
        try:
            os.read(from_child, 1)
            sandbox.stop()
            with pytest.raises(urllib3.exceptions.NewConnectionError):
                urllib3.request("POST", f"{sandbox.segment.url}/v1/batch", body=b"{}", retries=False, timeout=5)
            sandbox.start()
            assert post(sandbox.segment, [message("m2")]).status == 200
        finally:
            os.close(writing)
            os.waitpid(child, 0)
            for descriptor in (reading, from_child, to_parent):
                os.close(descriptor)


def test_an_address_before_the_start_is_an_error():
    """A sandbox that never started has no port to tell."""
    with pytest.raises(RuntimeError, match="start"):
        _ = Sandbox().segment.url


def test_twenty_thousand_messages_take_seconds_at_most(sandbox, post, message):
    """A load of full batches does not wait."""
    batches = [
        [message(f"m{n}", properties={"note": "x" * 450}) for n in range(start, start + 650)]
        for start in range(0, 20_150, 650)
    ]
    began = time.monotonic()
    for batch in batches:
        assert post(sandbox.customerio, batch).status == 200
    assert sandbox.customerio.count == 20_150
    assert time.monotonic() - began < 5
