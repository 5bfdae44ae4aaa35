"""The socket: proxies, `.netrc`, redirects, failures."""

from __future__ import annotations

import base64
import http.server
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from raw_api import raw_api

from pipelines_client.delivery.sending.http import Http, NoAnswerError
from pipelines_client.destinations.proxies import find_proxy


class _Seen(http.server.BaseHTTPRequestHandler):
    seen: list[tuple[str, dict[str, str]]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def proxy() -> Iterator[Any]:
    """A plain HTTP proxy that answers itself and remembers what it was asked."""
    server = http.server.HTTPServer(("127.0.0.1", 0), _Seen)
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_proxies_setting_is_honoured(make_client: Any, proxy: Any, sandbox: Any) -> None:
    """Upstream's `test_proxies`, on the wire: also without a scheme, also with a password."""
    client = make_client(segment_write_key=None, proxies={"http": f"ada:pw@127.0.0.1:{proxy.server_port}"})
    client.track("u1", "E")
    assert client.flush(timeout=5)
    ((path, headers),) = proxy.seen
    assert path == sandbox.customerio.url + "/v1/batch"
    assert {name.lower(): value for name, value in headers.items()}["proxy-authorization"].startswith("Basic ")
    assert sandbox.customerio.requests == []


def test_proxies_of_the_environment_count_unless_the_host_is_exempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they did for the client that this one replaces."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "localhost,.internal")
    assert find_proxy("https://cdp.customer.io/v1/batch", None) == ("http://proxy.example:3128", None)
    assert find_proxy("https://cdp.internal/v1/batch", None) is None
    assert find_proxy("https://cdp.customer.io/v1/batch", {}) is None


def test_netrc_is_never_read(make_client: Any, sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P25: upstream lets it replace the write key."""
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login wrong password wrong\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    sandbox.segment.allow_keys("segment-key")
    sandbox.customerio.allow_keys("cio-key")
    client = make_client()
    client.track("u1", "E")
    assert client.flush(timeout=5)
    assert (sandbox.segment.count, sandbox.customerio.count) == (1, 1)
    assert {r.headers["authorization"] for r in sandbox.segment.requests} == {"basic matched"}


def test_a_failure_names_its_kind_and_no_address() -> None:
    """The host may be a customer's."""
    far_end = Http("http://127.0.0.1:9/secret-path", timeout_s=1)
    with pytest.raises(NoAnswerError) as caught:
        far_end.post(b"{}", {})
    assert "secret" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
    assert str(caught.value)
    far_end.close()


def test_a_redirect_is_not_followed(sandbox: Any) -> None:
    """P12: a POST that became a GET was never delivered."""
    sandbox.customerio.answer(302, headers={"Location": sandbox.segment.url + "/v1/batch"})
    far_end = Http(sandbox.customerio.url + "/v1/batch", timeout_s=2)
    assert far_end.post(b'{"batch":[]}', {"Content-Type": "application/json"}).status == 302
    assert sandbox.segment.requests == []
    far_end.close()


class _Dripping(http.server.BaseHTTPRequestHandler):
    """Answers at once, with a body that never ends."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while not self.server.is_over.wait(0.02):  # type: ignore[attr-defined]
                self.wfile.write(b"5\r\nhello\r\n")
        except OSError:
            self.server.is_over.set()  # type: ignore[attr-defined]

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


def test_an_answer_that_does_not_end_is_taken_at_its_status_and_dropped() -> None:
    """A slow or endless answer does not block the leg."""
    server = http.server.HTTPServer(("127.0.0.1", 0), _Dripping)
    server.is_over = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    far_end = Http(f"http://127.0.0.1:{server.server_port}", timeout_s=0.1)
    answer = far_end.post(b"{}", {})
    assert answer.status == 200
    assert 0 < len(answer.body) < 1_000
    assert server.is_over.wait(5), "the connection is still open"  # type: ignore[attr-defined]
    far_end.close()
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_connection_is_used_again(sandbox: Any) -> None:
    """An answer that was read to its end leaves the connection for the next request."""
    far_end = Http(sandbox.customerio.url + "/v1/batch", timeout_s=2)
    for _ in range(3):
        assert far_end.post(b'{"batch":[]}', {"Content-Type": "application/json"}).status == 200
    assert far_end._pool is not None
    (key,) = far_end._pool.pools.keys()
    pool = far_end._pool.pools.get(key)
    assert pool is not None
    assert pool.num_connections == 1
    far_end.close()


def test_a_proxy_that_has_become_unusable_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment may change after the client was made: the leg waits, and no call fails."""
    monkeypatch.setenv("HTTP_PROXY", "socks5h://ada:pw@127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    far_end = Http("http://cdp.example/v1/batch", timeout_s=0.1)
    with pytest.raises(NoAnswerError, match="ConfigError"):
        far_end.post(b"{}", {})
    far_end.close()


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ("build:word", b"build:word"),
        ("build%40corp:p%40ss%2Fword%3A1", b"build@corp:p@ss/word:1"),
        ("b%C3%BCro:w", "büro:w".encode("latin-1")),
        ("%E2%82%AC:w", "€:w".encode()),
    ],
)
def test_a_proxys_user_and_password_are_decoded(proxy: Any, user: str, told: bytes) -> None:
    """In an address they are percent-encoded, as they must be; the proxy expects them as they are."""
    far_end = Http(
        "http://api.example/v1", timeout_s=2, proxies={"http": f"http://{user}@127.0.0.1:{proxy.server_port}"}
    )
    assert far_end.post(b"{}", {}).status == 200
    ((_, headers),) = proxy.seen
    sent = {name.lower(): value for name, value in headers.items()}["proxy-authorization"]
    assert base64.b64decode(sent.removeprefix("Basic ")) == told
    far_end.close()


@contextmanager
def answering_once(raw: bytes) -> Iterator[int]:
    """Listen on a port; answer whatever comes first with these bytes."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(10_000)
            connection.sendall(raw)

    thread = threading.Thread(target=answer)
    thread.start()
    yield server.getsockname()[1]
    thread.join()
    server.close()


def test_each_kind_of_failure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person must look at: the name, the port, the network, TLS, or the proxy."""

    def kind_of(url: str, **settings: Any) -> tuple[str, str]:
        far_end = Http(url, timeout_s=0.3, **settings)
        with pytest.raises(NoAnswerError) as caught:
            far_end.post(b"{}", {})
        far_end.close()
        return caught.value.kind, str(caught.value)

    def no_such_name(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    with raw_api(lambda _: b"SSH-2.0-OpenSSH\r\n") as api:
        assert kind_of(api.url)[0] == "not_http"
    with raw_api(lambda _: lambda _: None) as api:
        assert kind_of(api.url)[0] == "reset"
    with raw_api(lambda _: lambda _: time.sleep(1)) as api:
        assert kind_of(api.url)[0] == "timeout"
    with answering_once(b"SSH-2.0-OpenSSH\r\n") as port:
        assert kind_of(f"https://127.0.0.1:{port}")[0] == "tls"
    assert kind_of("http://127.0.0.1:9")[0] == "refused"
    assert kind_of("http://api.example", proxies={"http": "http://127.0.0.1:9"}) == ("proxy", "proxy (refused)")
    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    assert kind_of("http://api.example")[0] == "dns"


def test_a_proxy_that_wants_a_password_for_a_tunnel_says_so() -> None:
    """It answers 407 to CONNECT: no server was reached, and trying again does not help."""
    with answering_once(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n") as port:
        far_end = Http("https://api.example/v1", timeout_s=2, proxies={"https": f"http://127.0.0.1:{port}"})
        with pytest.raises(NoAnswerError) as caught:
            far_end.post(b"{}", {})
        far_end.close()
    assert (caught.value.kind, caught.value.proxy_status) == ("proxy", 407)
