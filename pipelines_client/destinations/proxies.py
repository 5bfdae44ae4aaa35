"""The way out of this machine: which proxy, and whose certificates. Looked at when a client is made, and to connect.

Both come from the settings, else from the environment, as they do for the client that this one replaces.
"""

from __future__ import annotations

import os
import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import certifi
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from pipelines_client.errors import ConfigError

_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


def find_proxy(url: str, proxies: Mapping[str, str] | None) -> tuple[str, str | None] | None:
    """Return the proxy for a URL and its `user:password`, or None for a direct connection.

    Raises:
        ConfigError: The proxy's address cannot be used; the text names where it comes from, never what it is.
    """
    parts = urlsplit(url)
    is_set = proxies is not None
    if proxies is None:
        if urllib.request.proxy_bypass(parts.hostname or ""):
            return None
        proxies = urllib.request.getproxies()
    name = parts.scheme if proxies.get(parts.scheme) else "all"
    address = proxies.get(name)
    if not address:
        return None
    if "://" not in address:
        address = f"http://{address}"
    try:
        proxy = urlsplit(address)
        parse_url(address)
        is_right = proxy.scheme in ("http", "https") and bool(proxy.hostname) and proxy.port != 0
    except (ValueError, LocationParseError):
        is_right = False
    if not is_right:
        source = "proxies (or PIPELINES_PROXIES)" if is_set else _variable_of(name)
        raise ConfigError(
            f"{source}: the proxy for {name}:// must look like http://proxy.example:3128, with http or https and no "
            "SOCKS; correct it, or take it out"
        )
    credentials = f"{proxy.username}:{proxy.password or ''}" if proxy.username else None
    return f"{proxy.scheme}://{proxy.netloc.rpartition('@')[2]}", credentials


def find_bundle(ca_bundle: str | None) -> str:
    """Return the file or folder of the certificates to trust."""
    return ca_bundle or next(filter(None, map(os.environ.get, _BUNDLE_VARIABLES)), None) or certifi.where()


def check_way_out(url: str, *, proxies: Mapping[str, str] | None, ca_bundle: str | None) -> None:
    """Refuse a proxy or certificates with which no request could ever be sent.

    Raises:
        ConfigError: Names the setting or variable, and the cure.
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
        why = "holds no certificates" if isinstance(error, (ssl.SSLError, ValueError)) else "cannot be read"
        raise ConfigError(f"{source}: {bundle} {why}; give a file of PEM certificates, or leave it out") from None


def without_password(address: str) -> str:
    """Return the address of a proxy as it may be shown."""
    head, at, tail = address.rpartition("@")
    return f"{head.rpartition('//')[0]}{'//' if '//' in head else ''}***@{tail}" if at else address


def _variable_of(name: str) -> str:
    """Name the variable that a proxy of the environment comes from."""
    found = [variable for variable in (f"{name}_proxy", f"{name.upper()}_PROXY") if os.environ.get(variable)]
    return found[0] if found else "the system's proxy settings"
