"""Which proxy an address takes, as `requests` and so the replaced client decides."""

from __future__ import annotations

import os

import pytest
from requests.utils import get_environ_proxies, select_proxy

from pipelines_client.destinations.proxies import find_bundle, find_proxy, is_loopback

PROXY = "http://proxy.example:3128"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.endswith("CA_BUNDLE") or name == "SSL_CERT_FILE":
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    "no_proxy", ["", "*", "10.0.0.0/8", "10.1.2.3", "api.example", ".example", "api.example:8443", "other, 10.0.0.0/8"]
)
@pytest.mark.parametrize(
    "url", ["https://api.example/v1", "https://api.example:8443/v1", "https://10.1.2.3/v1", "http://127.0.0.1:8000/v1"]
)
def test_no_proxy_means_what_it_means_to_requests(monkeypatch: pytest.MonkeyPatch, url: str, no_proxy: str) -> None:
    """Names, ends of names, ports and networks."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, PROXY)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    expected = select_proxy(url, get_environ_proxies(url))
    assert find_proxy(url, None) == (None if expected is None else (PROXY, None))


def test_this_machine_needs_no_proxy_and_networks_may_be_of_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless `NO_PROXY` says something else."""
    monkeypatch.setenv("HTTP_PROXY", PROXY)
    for host in ("127.0.0.1:8000", "localhost", "[::1]"):
        assert find_proxy(f"http://{host}/v1", None) is None
    monkeypatch.setenv("NO_PROXY", "fd00::/8")
    assert find_proxy("http://[fd00::7]/v1", None) is None
    assert find_proxy("http://127.0.0.1/v1", None) == (PROXY, None)


def test_a_setting_may_name_a_host_or_have_none_for_a_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    """As requests selects: the most special line first."""
    monkeypatch.setenv("HTTPS_PROXY", "http://other.example:1")
    assert find_proxy("https://api.example/v1", {"https": None}) is None
    assert find_proxy("https://api.example/v1", {"https": None, "all": PROXY}) is None
    assert find_proxy("https://api.example/v1", {"https://api.example": PROXY, "https": None}) == (PROXY, None)


def test_a_proxys_user_and_password_are_decoded() -> None:
    """An address can only have them percent-encoded."""
    proxies = {"https": "http://build%40corp:p%40ss%2Fword%3A1@proxy.example:3128"}
    assert find_proxy("https://api.example", proxies) == (PROXY, "build@corp:p@ss/word:1")


def test_the_certificates_of_a_company_are_found_where_requests_finds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """`REQUESTS_CA_BUNDLE`, then `CURL_CA_BUNDLE`, then OpenSSL's variable; code wins."""
    for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, f"/{name}")
        assert find_bundle(None) == f"/{name}"
    assert find_bundle("/mine") == "/mine"


def test_loopback() -> None:
    """By name, by either kind of address."""
    assert [is_loopback(f"http://{host}:1/") for host in ("localhost", "127.8.8.8", "[::1]", "a.localhost")] == [
        True
    ] * 4
    assert not is_loopback("https://localhost.example")
