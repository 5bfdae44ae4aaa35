"""The only socket: one POST, its answer, or the fact that there was none.

No redirect is followed, no `.netrc` is read, TLS is always verified. Proxies come from the setting, else from the
environment (`HTTPS_PROXY`, `NO_PROXY`), as they do for the client that this one replaces.
"""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from gzip import compress
from urllib.parse import urlsplit

import certifi
import urllib3

_MAX_ANSWER_BYTES = 64 << 10


class NoAnswerError(Exception):
    """The request had no answer; the text is the kind of failure, with no address or payload."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

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
        self._timeout = urllib3.Timeout(connect=timeout_s, read=timeout_s)
        bundle = ca_bundle or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or certifi.where()
        proxy = find_proxy(url, proxies)
        self._pool: urllib3.PoolManager
        if proxy:
            address, credentials = proxy
            headers = urllib3.make_headers(proxy_basic_auth=credentials) if credentials else None
            self._pool = urllib3.ProxyManager(address, proxy_headers=headers, num_pools=1, maxsize=1, ca_certs=bundle)
        else:
            self._pool = urllib3.PoolManager(num_pools=1, maxsize=1, ca_certs=bundle)

    def post(self, body: bytes, headers: dict[str, str]) -> Answer:
        """Send one body and return the answer, whatever its status.

        Raises:
            NoAnswerError: Nothing answered in time, or not in HTTP.
        """
        if self._gzip:
            body = compress(body, compresslevel=6, mtime=0)
            headers = {**headers, "Content-Encoding": "gzip"}
        try:
            response = self._pool.request(
                "POST",
                self._url,
                body=body,
                headers=headers,
                timeout=self._timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                content = response.read(_MAX_ANSWER_BYTES)
                response.drain_conn()
            finally:
                response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise NoAnswerError(_kind(error)) from None
        return Answer(response.status, dict(response.headers), content)

    def close(self) -> None:
        """Close the connection."""
        for key in self._pool.pools.keys():  # noqa: SIM118 - no dict: its iterator is not safe for threads, keys() is
            pool = self._pool.pools.get(key)
            if pool is not None:
                pool.close()
        self._pool.clear()


def find_proxy(url: str, proxies: Mapping[str, str] | None) -> tuple[str, str | None] | None:
    """Return the proxy for a URL and its `user:password`, or None for a direct connection."""
    parts = urlsplit(url)
    if proxies is None:
        if urllib.request.proxy_bypass(parts.hostname or ""):
            return None
        proxies = urllib.request.getproxies()
    address = proxies.get(parts.scheme) or proxies.get("all")
    if not address:
        return None
    if "://" not in address:
        address = f"http://{address}"
    proxy = urlsplit(address)
    credentials = f"{proxy.username}:{proxy.password or ''}" if proxy.username else None
    return f"{proxy.scheme}://{proxy.netloc.rpartition('@')[2]}", credentials


def _kind(error: BaseException) -> str:
    """Name the failure by its innermost cause's type, without its text: that may hold the address or more."""
    while True:
        inner = error.args[-1] if error.args and isinstance(error.args[-1], BaseException) else error.__cause__
        if inner is None:
            return type(error).__name__
        error = inner
