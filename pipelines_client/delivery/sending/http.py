"""The only socket: one POST, and its answer or the lack of one.

No redirect is followed, no `.netrc` is read, TLS is always verified. Proxies come from the setting, else from the
environment (`HTTPS_PROXY`, `NO_PROXY`), as they do for the client that this one replaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from gzip import compress
from pathlib import Path
from typing import Any

import urllib3

from pipelines_client.clock import monotonic_s
from pipelines_client.destinations.proxies import find_bundle, find_proxy
from pipelines_client.errors import ConfigError

_MAX_ANSWER_BYTES = 64 << 10
_TIMES_TIMEOUT = 2  # a whole answer, however slowly it drips, may take this many times the timeout of its first byte


class NoAnswerError(Exception):
    """The request had no answer; the text is the kind of failure, with no address or payload."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """Status, headers and the first kilobytes of the body."""

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
        gzip: bool = False,
        proxies: Mapping[str, str] | None = None,
        ca_bundle: str | None = None,
    ) -> None:
        self._url = url
        self._gzip = gzip
        self._timeout_s = timeout_s
        self._proxies = proxies
        self._ca_bundle = ca_bundle
        self._pool: urllib3.PoolManager | None = None

    def post(self, body: bytes, headers: dict[str, str]) -> HttpResponse:
        """Send one body and return the answer, whatever its status.

        Raises:
            NoAnswerError: Nothing answered in time, or not in HTTP.
        """
        if self._gzip:
            body = compress(body, compresslevel=6, mtime=0)
            headers = {**headers, "Content-Encoding": "gzip"}
        try:
            self._pool = pool = self._pool or self._make_pool()
            until = monotonic_s() + _TIMES_TIMEOUT * self._timeout_s
            response = pool.request(
                "POST",
                self._url,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(connect=self._timeout_s, read=self._timeout_s),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            content = _read(response, until_s=until)
        except (urllib3.exceptions.HTTPError, OSError, ConfigError) as error:
            raise NoAnswerError(_kind(error)) from None
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
        if not proxy:
            return urllib3.PoolManager(num_pools=1, maxsize=1, **trusted)
        address, credentials = proxy
        headers = urllib3.make_headers(proxy_basic_auth=credentials) if credentials else None
        return urllib3.ProxyManager(address, proxy_headers=headers, num_pools=1, maxsize=1, **trusted)


def _read(response: urllib3.BaseHTTPResponse, *, until_s: float) -> bytes:
    """Return the first kilobytes of an answer; drop the connection if there is more.

    What the answer means is in its status; the body only has the API's words.
    """
    content = b""
    try:
        while len(content) < _MAX_ANSWER_BYTES and monotonic_s() < until_s:
            piece = response.read1(_MAX_ANSWER_BYTES - len(content))
            if not piece:
                response.release_conn()
                return content
            content += piece
    except BaseException:
        response.close()
        raise
    response.close()
    return content


def _kind(error: BaseException) -> str:
    """Name the failure by the type of its innermost cause. Its text may hold the address, so it is left out."""
    while True:
        inner = error.args[-1] if error.args and isinstance(error.args[-1], BaseException) else error.__cause__
        if inner is None:
            return type(error).__name__
        error = inner
