"""The only socket: one POST, and its answer or the lack of one.

No redirect is followed, no `.netrc` is read, TLS is always verified. Proxies come from the setting, else from the
environment (`HTTPS_PROXY`, `NO_PROXY`), as they do for the client that this one replaces.
"""

from __future__ import annotations

import base64
import http.client
import re
import socket
import ssl
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from gzip import compress
from pathlib import Path
from typing import Any

import urllib3

from pipelines_client.delivery.sending.connections import limit_answers
from pipelines_client.destinations.proxies import find_bundle, find_proxy
from pipelines_client.errors import ConfigError

_MAX_ANSWER_BYTES = 1 << 20  # an answer that names each of 2,500 messages has some 100 kB
_FIRST_CONNECT_S = 4.0  # so that a host that cannot be reached is named soon; later attempts take the whole timeout
_TUNNEL_STATUS = re.compile(r"Tunnel connection failed: (\d{3})")
_ANY_COMPRESSION = 47  # zlib's window bits for gzip or zlib, whichever it is
_COMPRESSIONS = ("gzip", "x-gzip", "deflate")


class NoAnswerError(Exception):
    """The request had no answer. The text says why, with no address or payload.

    Attributes:
        kind: `dns`, `refused`, `certificate`, `tls`, `timeout`, `proxy`, `reset`, `not_http` or `other`.
        proxy_status: The status with which a proxy refused the connection.
    """

    def __init__(self, kind: str, detail: str, proxy_status: int | None = None) -> None:
        super().__init__(f"{kind} ({detail})")
        self.kind = kind
        self.proxy_status = proxy_status


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Status, headers and the body, as far as it could be read."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """A connection to one destination that is kept open between requests."""

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float,
        connect_timeout_s: float | None = None,
        gzip: bool = False,
        proxies: Mapping[str, str | None] | None = None,
        ca_bundle: str | None = None,
    ) -> None:
        self._url = url
        self._gzip = gzip
        self._timeout_s = timeout_s
        self._proxies = proxies
        self._ca_bundle = ca_bundle
        self._pool: urllib3.PoolManager | None = None
        self._longest_connect_s = timeout_s if connect_timeout_s is None else connect_timeout_s
        self._connect_s = min(self._longest_connect_s, _FIRST_CONNECT_S)

    def post(self, body: bytes, headers: dict[str, str], *, url: str | None = None) -> HttpResponse:
        """Send one body and return the answer, whatever its status.

        The answer may take the timeout to begin and twice that in all. `url` is an address on the same host.

        Raises:
            NoAnswerError: Nothing answered in time, or not in HTTP.
        """
        if self._gzip:
            body = compress(body, compresslevel=6, mtime=0)
            headers = {**headers, "Content-Encoding": "gzip"}
        try:
            self._pool = pool = self._pool or self._make_pool()
            response = pool.request(
                "POST",
                url or self._url,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(connect=self._connect_s, read=self._timeout_s),
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except (urllib3.exceptions.HTTPError, OSError, ConfigError) as error:
            self._connect_s = self._longest_connect_s
            raise self._no_answer(error) from None
        content = _decoded(_read(response), response.headers.get("content-encoding", ""))
        self._connect_s = min(self._longest_connect_s, _FIRST_CONNECT_S)
        return HttpResponse(response.status, dict(response.headers), content)

    def close(self) -> None:
        """Close the connection."""
        if self._pool is None:
            return
        for key in self._pool.pools.keys():  # noqa: SIM118 - not a dict: its iterator is not safe for threads, keys() is
            pool = self._pool.pools.get(key)
            if pool is not None:
                pool.close()
        self._pool.clear()

    def _make_pool(self) -> urllib3.PoolManager:
        bundle = find_bundle(self._ca_bundle)
        trusted: dict[str, Any] = {"ca_cert_dir" if Path(bundle).is_dir() else "ca_certs": bundle}
        proxy = find_proxy(self._url, self._proxies)
        if proxy:
            address, credentials = proxy
            headers = {"proxy-authorization": _basic(credentials)} if credentials else None
            pool: urllib3.PoolManager = urllib3.ProxyManager(
                address, proxy_headers=headers, num_pools=1, maxsize=1, **trusted
            )
        else:
            pool = urllib3.PoolManager(num_pools=1, maxsize=1, **trusted)
        limit_answers(pool)
        return pool

    def _no_answer(self, error: BaseException) -> NoAnswerError:
        """Return what kind of failure an exception is. Its text may hold the address, so it is left out."""
        causes = list(_causes(error))
        inner = causes[-1]
        tunnel = _TUNNEL_STATUS.search(str(inner))
        if tunnel:
            return NoAnswerError("proxy", f"it answered {tunnel[1]}", int(tunnel[1]))
        if isinstance(inner, ssl.SSLCertVerificationError):
            return NoAnswerError("certificate", f"{inner.verify_message}; trusted: {find_bundle(self._ca_bundle)}")
        kind = next((kind for kinds, kind in _KINDS if isinstance(inner, kinds)), "other")
        if any(isinstance(each, urllib3.exceptions.ProxyError) for each in causes):
            return NoAnswerError("proxy", kind)
        return NoAnswerError(kind, type(inner).__name__)


_KINDS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((socket.gaierror,), "dns"),
    ((ConnectionRefusedError,), "refused"),
    ((ssl.SSLError,), "tls"),
    ((TimeoutError, urllib3.exceptions.TimeoutError), "timeout"),
    ((ConnectionError,), "reset"),
    ((urllib3.exceptions.ProtocolError, http.client.HTTPException), "not_http"),
)


def _basic(credentials: str) -> str:
    """Return the header for `user:password`: in Latin-1 as `requests` sends it, or else in UTF-8."""
    try:
        raw = credentials.encode("latin-1")
    except UnicodeEncodeError:
        raw = credentials.encode()
    return f"Basic {base64.b64encode(raw).decode()}"


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    """Return an answer's body, as far as it can be read; drop the connection if that is not all.

    What the answer means is in its status, which was read: a body that is cut or late changes nothing.
    """
    content = b""
    try:
        while len(content) < _MAX_ANSWER_BYTES:
            piece = response.read1(_MAX_ANSWER_BYTES - len(content))
            if not piece:
                response.release_conn()
                return content
            content += piece
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError):
        pass
    except BaseException:
        response.close()
        raise
    response.close()
    return content


def _decoded(content: bytes, encoding: str) -> bytes:
    """Return the content without its compression; unchanged if it is not compressed, whatever the header says."""
    if encoding.strip().lower() in _COMPRESSIONS:
        try:
            return zlib.decompressobj(_ANY_COMPRESSION).decompress(content, _MAX_ANSWER_BYTES)
        except zlib.error:
            pass
    return content


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what caused it, the innermost last."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.args[-1] if cause.args and isinstance(cause.args[-1], BaseException) else cause.__cause__
