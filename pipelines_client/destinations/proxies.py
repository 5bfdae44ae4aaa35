"""Which proxy to use and which certificates to trust. Checked when a client is created, and used to connect.

Both come from the settings, else from the environment, as in upstream's client.
"""

from __future__ import annotations

import os
import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

import certifi
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from pipelines_client.errors import ConfigError

_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


def find_proxy(url: str, proxies: Mapping[str, str] | None) -> tuple[str, str | None] | None:
    """Return the proxy for a URL and its `user:password`, or None for a direct connection.

    Raises:
        ConfigError: The proxy's address cannot be used; the text names its setting or variable, never its value.
    """
    target = urlsplit(url)
    is_set = proxies is not None
    if proxies is None:
        if urllib.request.proxy_bypass(target.hostname or ""):
            return None
        proxies = urllib.request.getproxies()
    name = target.scheme if proxies.get(target.scheme) else "all"
    address = proxies.get(name)
    if not address:
        return None
    if "://" not in address:
        address = f"http://{address}"
    proxy = _parse_proxy(address)
    if proxy is None:
        source = "proxies (or PIPELINES_PROXIES)" if is_set else _variable_of(name)
        raise ConfigError(
            f"{source}: the proxy for {name}:// must be an http or https address like http://proxy.example:3128 "
            "(SOCKS is not supported); correct it or remove it"
        )
    credentials = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}" if proxy.username else None
    return f"{proxy.scheme}://{proxy.netloc.rpartition('@')[2]}", credentials


def _parse_proxy(address: str) -> SplitResult | None:
    """Return an http or https address with a host, split; None for any other text."""
    try:
        proxy = urlsplit(address)
        parse_url(address)
        is_right = proxy.scheme in ("http", "https") and proxy.hostname and proxy.port != 0
    except (ValueError, LocationParseError):
        return None
    return proxy if is_right else None


def find_bundle(ca_bundle: str | None) -> str:
    """Return the file or folder of trusted certificates."""
    return ca_bundle or next(filter(None, map(os.environ.get, _BUNDLE_VARIABLES)), None) or certifi.where()


def check_connection(url: str, *, proxies: Mapping[str, str] | None, ca_bundle: str | None) -> None:
    """Refuse a proxy or certificates that would make every request fail.

    Raises:
        ConfigError: The text names the setting or variable, and the cure.
    """
    find_proxy(url, proxies)
    if ca_bundle is None and not url.startswith("https:"):
        return
    bundle = find_bundle(ca_bundle)
    source = "ca_bundle (or PIPELINES_CA_BUNDLE)"
    if ca_bundle is None:
        source = next((name for name in _BUNDLE_VARIABLES if os.environ.get(name)), "")
    if not source or Path(bundle).is_dir():
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=bundle)
    except (OSError, ValueError) as error:
        why = "has no certificates" if isinstance(error, (ssl.SSLError, ValueError)) else "cannot be read"
        raise ConfigError(f"{source}: {bundle} {why}; use a file of PEM certificates, or leave it out") from None


def without_password(address: str) -> str:
    """Return a proxy's address without its user and password, for display."""
    head, at, tail = address.rpartition("@")
    return f"{head.rpartition('//')[0]}{'//' if '//' in head else ''}***@{tail}" if at else address


def _variable_of(name: str) -> str:
    """Return the environment variable that sets a proxy."""
    variables = (f"{name}_proxy", f"{name.upper()}_PROXY")
    return next(filter(os.environ.get, variables), "the system's proxy settings")
