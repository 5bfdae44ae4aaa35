"""Which proxy to use and which certificates to trust. Checked when a client is created, and used to connect.

Both come from the settings, else from the environment, as in upstream's client.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import ssl
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

import certifi
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from pipelines_client.errors import ConfigError
from pipelines_client.files import open_regular

_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def find_proxy(url: str, proxies: Mapping[str, str | None] | None) -> tuple[str, str | None] | None:
    """Return the proxy for a URL and its `user:password`, or None for a direct connection.

    Raises:
        ConfigError: The proxy's address cannot be used; the text names its setting or variable, never its value.
    """
    target = urlsplit(url)
    is_set = proxies is not None
    if proxies is None:
        if _is_direct(target):
            return None
        proxies = urllib.request.getproxies()
    host = target.hostname or ""
    names = (f"{target.scheme}://{host}", target.scheme, f"all://{host}", "all")
    name = next((name for name in names if name in proxies), "")
    address = proxies.get(name)
    if not address:
        return None
    if "://" not in address:
        address = f"http://{address}"
    proxy = _parse_proxy(address)
    if proxy is None:
        source = "proxies (or PIPELINES_PROXIES)" if is_set else _variable_of(name)
        raise ConfigError(
            f"{source}: the proxy for {name.partition('://')[0]}:// must be an http or https address like "
            "http://proxy.example:3128 (SOCKS is not supported); correct it or remove it"
        )
    credentials = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}" if proxy.username else None
    return f"{proxy.scheme}://{proxy.netloc.rpartition('@')[2]}", credentials


def is_loopback(url: str) -> bool:
    """Return whether a URL names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.endswith(".localhost")


def _is_direct(target: SplitResult) -> bool:
    """Return whether the environment says to connect without a proxy: by name, by network, or for this machine.

    `NO_PROXY` may hold networks, such as `10.0.0.0/8`. This machine is reached directly unless `NO_PROXY` is set.
    """
    host = target.hostname or ""
    no_proxy = os.environ.get("no_proxy", os.environ.get("NO_PROXY"))
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if no_proxy is None and is_loopback(target.geturl()):
        return True
    if address is not None and any(address in network for network in _networks(no_proxy or "")):
        return True
    port = f":{target.port}" if target.port else ""
    return bool(urllib.request.proxy_bypass(f"{host}{port}"))


def _networks(no_proxy: str) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for entry in no_proxy.split(","):
        with contextlib.suppress(ValueError):  # it is a name
            yield ipaddress.ip_network(entry.strip().strip("[]"), strict=False)


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


def check_connection(url: str, *, proxies: Mapping[str, str | None] | None, ca_bundle: str | None) -> None:
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
        open_regular(Path(bundle)).close()  # the library would wait for a pipe
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
    name = name.partition("://")[0]
    variables = (f"{name}_proxy", f"{name.upper()}_PROXY")
    return next(filter(os.environ.get, variables), "the system's proxy settings")
