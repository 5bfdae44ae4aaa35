"""The time limit of an answer as a whole, and interim answers."""

from __future__ import annotations

import contextlib
import gzip
import socket
import time
from collections.abc import Callable

import pytest
from raw_api import Asked, http, raw_api

from pipelines_client.clock import monotonic_s
from pipelines_client.delivery.sending.http import Http, NoAnswerError

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"
BODY = b'{"success":true}'


def endlessly(first: bytes, piece: bytes) -> Callable[[socket.socket], object]:
    """Return what sends one piece after the other until the other end closes."""

    def send(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.sendall(first)
            while True:
                connection.sendall(piece)
                time.sleep(0.02)

    return send


@pytest.mark.parametrize("interim", [EARLY_HINTS, PROCESSING, CONTINUE + EARLY_HINTS, 3 * EARLY_HINTS + CONTINUE])
def test_interim_answers_are_read_past_and_the_connection_is_kept(interim: bytes) -> None:
    """Legal HTTP; a 103 was taken for the answer, and the messages were sent again and again."""
    with raw_api(lambda _: interim + http(200, BODY)) as api:
        far_end = Http(api.url, timeout_s=2)
        for _ in range(2):
            answer = far_end.post(b"{}", {})
            assert (answer.status, answer.body) == (200, BODY)
            assert "link" not in {name.lower() for name in answer.headers}
        far_end.close()


@pytest.mark.parametrize(
    "send",
    [
        endlessly(b"", b"H"),
        endlessly(b"HTTP/1.1 200 OK\r\nX-Long: ", b"a"),
        endlessly(b"HTTP/1.1 200 OK\r\n", b"X: a\r\n"),
        endlessly(b"", EARLY_HINTS),
        endlessly(b"HTTP/1.1 103 Early Hints\r\n", b"X: a\r\n"),
    ],
    ids=["status line", "a header", "headers", "interim answers", "an interim answer's headers"],
)
def test_an_answer_that_does_not_begin_ends_in_time(send: Callable[[socket.socket], object]) -> None:
    """Each byte started the socket's timeout anew, so a leg stood still for as long as they came."""
    with raw_api(lambda _: send) as api:
        far_end = Http(api.url, timeout_s=0.2)
        start = monotonic_s()
        with pytest.raises(NoAnswerError):
            far_end.post(b"{}", {})
        assert monotonic_s() - start < 2
        far_end.close()


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"succ', b'{"succ'),
        (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n{"succ\r\n', b'{"succ'),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\nContent-Length: 9\r\n\r\n" + BODY, BODY),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 16, 9\r\n\r\n" + BODY, BODY),
        (http(200, BODY, *(f"X-{n}: a" for n in range(200))), b""),
        (http(200, BODY, "X: " + 70_000 * "a"), b""),
        (EARLY_HINTS + http(200, BODY, "X: " + 70_000 * "a"), b""),
        (http(200, BODY, "Content-Encoding: gzip"), BODY),
        (http(200, BODY, "Content-Encoding: br"), BODY),
        (http(200, gzip.compress(BODY), "Content-Encoding: gzip"), BODY),
        (http(200, gzip.compress(BODY)[:-4], "Content-Encoding: gzip"), BODY),
    ],
    ids=[
        "cut",
        "cut chunks",
        "no chunks",
        "two lengths",
        "a list of lengths",
        "200 headers",
        "a long header",
        "a long header after an interim answer",
        "not gzip",
        "not br",
        "gzip",
        "cut gzip",
    ],
)
def test_headers_and_a_body_that_cannot_be_read_do_not_undo_the_status(raw: bytes, body: bytes) -> None:
    """The status came, so the messages were taken: sending them again would deliver them twice."""

    def send(connection: socket.socket) -> None:
        connection.sendall(raw)

    with raw_api(lambda _: send) as api:
        far_end = Http(api.url, timeout_s=2)
        answer = far_end.post(b"{}", {})
        assert (answer.status, answer.body) == (200, body)
        far_end.close()


def test_the_next_request_has_the_whole_time_again() -> None:
    """A slow answer shortens the timeout of its own reads only."""

    def answer(_: Asked) -> bytes:
        time.sleep(0.25)
        return http(200)

    with raw_api(answer) as api:
        far_end = Http(api.url, timeout_s=0.4)
        assert [far_end.post(b"{}", {}).status for _ in range(3)] == [200, 200, 200]
        far_end.close()
