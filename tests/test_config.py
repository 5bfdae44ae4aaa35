"""Settings: where they come from, and what cannot be right."""

from __future__ import annotations

import inspect
import logging
from pathlib import Path
from typing import Any
from unittest import mock

import certifi
import pytest
from segment.analytics.client import Client as SegmentClient

from pipelines_client import Client, keywords
from pipelines_client.config import Settings
from pipelines_client.errors import ConfigError


def url_of(client: Client, leg: str = "customerio") -> str:
    return client._pipeline._opener._destinations[leg].url


def test_what_code_sets_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when code sets the default's own value."""
    monkeypatch.setenv("PIPELINES_GZIP", "true")
    monkeypatch.setenv("PIPELINES_WRITE_KEY", "from-environment")
    assert Client().settings.gzip is True
    client = Client("from-code", gzip=False)
    assert client.settings.gzip is False
    assert client.write_key == "from-code"


def test_the_environment_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, hosts and stage may all come from variables."""
    for name, value in {
        "WRITE_KEY": "k",
        "HOST": "http://127.0.0.1:9/x/",
        "SEGMENT_WRITE_KEY": "s",
        "SEGMENT_HOST": "http://127.0.0.1:9/y/v1",
        "STAGE": "live",
        "ALLOW_COMMANDS": "User Deleted, Device Deleted",
        "SEGMENT_INTEGRATIONS": '{"Customer.io": false}',
    }.items():
        monkeypatch.setenv(f"PIPELINES_{name}", value)
    client = Client()
    assert url_of(client) == "http://127.0.0.1:9/x/v1/batch"
    assert url_of(client, "segment") == "http://127.0.0.1:9/y/v1/batch"
    assert client.settings.stage == "live"
    assert client.settings.allow_commands == {"User Deleted", "Device Deleted"}
    assert client.settings.segment_integrations == {"Customer.io": False}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({"write_key": "k"}, "https://cdp.customer.io/v1/batch"),
        ({"write_key": "k", "region": "eu"}, "https://cdp-eu.customer.io/v1/batch"),
        ({"write_key": "pk_eu_1"}, "https://cdp-eu.customer.io/v1/batch"),
        ({"write_key": "sk_us_1\n"}, "https://cdp.customer.io/v1/batch"),
        ({"write_key": "k", "host": "cdp.customer.io"}, "https://cdp.customer.io/v1/batch"),
        ({"write_key": "k", "host": "https://cdp-eu.customer.io/"}, "https://cdp-eu.customer.io/v1/batch"),
        ({"write_key": "k", "host": "https://cdp.customer.io/v1"}, "https://cdp.customer.io/v1/batch"),
        ({"write_key": "k", "host": "https://proxy.example/cdp/v1/"}, "https://proxy.example/cdp/v1/batch"),
        ({"write_key": "k", "host": "https://cdp.customer.io/v1/batch"}, "https://cdp.customer.io/v1/batch"),
        ({"write_key": "k", "host": "HTTPS://CDP.customer.io/V1"}, "https://cdp.customer.io/v1/batch"),
    ],
)
def test_region_comes_from_the_key_else_the_setting_and_hosts_may_end_as_they_like(
    given: dict[str, Any], url: str
) -> None:
    """FACTS C1, C2."""
    assert url_of(Client(**given)) == url


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"write_key": "pk_eu_1", "host": "https://cdp.customer.io"}, ("write_key", "cdp.customer.io")),
        ({"write_key": "pk_us_1", "host": "https://CDP-EU.customer.io/v1"}, ("write_key", "customer.io")),
        ({"write_key": "pk_eu_1", "region": "us"}, ("write_key", "region")),
        ({"write_key": "k", "region": "us", "host": "cdp-eu.customer.io"}, ("region", "host")),
        ({"write_key": "k", "host": "https://api.segment.io"}, ("Segment", "segment_host")),
        (
            {"write_key": "k", "segment_write_key": "s", "segment_host": "https://cdp.customer.io"},
            ("Customer.io", "segment_host"),
        ),
        (
            {"write_key": "k", "segment_write_key": "s", "segment_region": "eu", "segment_host": "api.segment.io"},
            ("segment_region", "segment_host"),
        ),
        ({"write_key": "k", "stage": "dual"}, ("dual", "segment_write_key")),
        ({"write_key": "k", "stage": "duel"}, ("stage", "PIPELINES_STAGE")),
        ({"write_key": "k", "spool": "cloud"}, ("spool", "PIPELINES_SPOOL")),
        ({"write_key": "a b"}, ("write_key", "white space")),
        ({"write_key": "k", "host": "ftp://x"}, ("host",)),
        ({"write_key": "k", "host": "https://x.io:abc"}, ("host",)),
        ({"write_key": "k", "host": "https://[::1"}, ("host",)),
        ({"write_key": "k", "host": "https://x y"}, ("host",)),
        (
            {"write_key": "k", "segment_write_key": "s", "segment_integrations": {"a": object()}},
            ("segment_integrations", "JSON"),
        ),
        ({"write_key": "k", "no_such_setting": 1}, ("no_such_setting is not a setting",)),
    ],
)
def test_a_contradiction_is_an_error_at_construction_that_names_both(
    given: dict[str, Any], names: tuple[str, ...]
) -> None:
    """FACTS C8, S1: sent to the wrong region, data is lost behind a 200."""
    with pytest.raises(ConfigError) as caught:
        Client(**given)
    for name in names:
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("segment_writekey", "segment_write_key"),
        ("on_delivry", "on_delivery"),
        ("upload_sise", "upload_size"),
        ("stagefile", "stage_file"),
    ],
)
def test_a_misspelt_keyword_is_an_error_that_names_the_right_one(misspelt: str, meant: str) -> None:
    """Ignored, `segment_writekey` would turn dual-write off without a word."""
    for make in (Client, Settings.load):
        with pytest.raises(ConfigError, match=rf"^{misspelt} is not a setting; did you mean {meant}\?$"):
            make(write_key="k", **{misspelt: "x"})


def test_a_hook_is_not_a_setting() -> None:
    """The error says where it belongs."""
    with pytest.raises(ConfigError, match=r"^on_delivery is not a setting; pass it to Client$"):
        Settings.load(write_key="k", on_delivery=print)


def test_a_misspelt_module_setting_is_logged_and_not_raised_because_upstream_ignores_it(
    analytics: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Applications also hang things of theirs on the module, which are not mentioned."""
    monkeypatch.setattr(analytics, "segment_writekey", "secret", raising=False)
    monkeypatch.setattr(analytics, "warehouse", "x", raising=False)
    (line,) = [record.getMessage() for record in caplog.records]
    assert "setting_ignored" in line
    assert "did_you_mean='segment_write_key'" in line
    assert "secret" not in line


def test_the_constructor_hands_on_every_argument_by_its_name_so_that_no_order_of_its_lines_matters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once it read `locals()`: a variable set above that line became a setting."""
    monkeypatch.setattr(Client, "log", logging.getLogger("debugged"))
    given: dict[str, Any] = {
        **dict.fromkeys(("debug", "gzip", "sync_mode"), True),
        **dict.fromkeys(
            ("host", "write_key", "oauth_client_id", "oauth_client_key", "oauth_key_id"), "http://127.0.0.1:9"
        ),
        **dict.fromkeys(("oauth_auth_server", "oauth_scope"), "http://127.0.0.1:9"),
        **dict.fromkeys(("max_queue_size", "max_retries", "timeout", "thread", "upload_size", "upload_interval"), 7),
        "send": False,
        "proxies": {"ftp": "p"},
    }
    upstream = set(inspect.signature(SegmentClient.__init__).parameters) & set(Settings.model_fields)
    assert set(given) == upstream
    settings = Client(**given).settings
    assert {name for name in upstream if getattr(settings, name) == Settings.model_fields[name].default} == set()


@pytest.mark.parametrize(
    "names",
    [{"User Deleted"}, frozenset({"User Deleted"}), ["User Deleted"], {"User Deleted": 1}.keys(), ("User Deleted",)],
)
def test_any_collection_of_names_may_be_allowed(names: Any) -> None:
    """The type hints say so."""
    assert Client("k", allow_commands=names).settings.allow_commands == frozenset({"User Deleted"})


def test_no_error_and_no_repr_shows_a_key() -> None:
    """Keys are secrets, also when they are wrong."""
    with pytest.raises(ConfigError) as caught:
        Client("secret key", segment_write_key="other")
    assert "secret" not in str(caught.value)
    client = Client("topsecret", segment_write_key="alsosecret", ledger_key="00" * 16)
    shown = repr((client, client.settings, client._pipeline._opener._destinations))
    assert "secret" not in shown.replace("SecretStr", "")
    assert "0000" not in shown


def test_a_bad_value_is_not_repeated_in_its_error() -> None:
    """What stands in a variable may be a key in the wrong place."""
    with pytest.raises(ConfigError) as caught:
        Settings.load(write_key="k", timeout="pk_live_oops")
    assert "pk_live_oops" not in str(caught.value)
    assert "PIPELINES_TIMEOUT" in str(caught.value)


_TIMES = {"timeout", "upload_interval"}


@pytest.mark.parametrize(
    "name", sorted({name for name in Settings.model_fields if name.endswith("_s")} - {"max_requests_per_s"} | _TIMES)
)
@pytest.mark.parametrize("value", ["inf", "nan", "1e12", "-1", "15s"])
def test_a_time_that_no_clock_can_wait_is_refused_once_by_its_name(name: str, value: str) -> None:
    """An endless timeout raised in the sender at each request, and nothing was ever delivered."""
    with pytest.raises(ConfigError, match=rf"^{name} \(or PIPELINES_{name.upper()}\): ") as caught:
        Settings.load(write_key="k", **{name: value})
    assert str(caught.value).count("PIPELINES_") == 1
    assert "constrained" not in str(caught.value)


def test_module_settings_left_alone_leave_the_environment_its_say(
    analytics: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module default is not something code has set; an assignment is, whatever its value."""
    monkeypatch.setenv("PIPELINES_TIMEOUT", "3")
    monkeypatch.setenv("PIPELINES_GZIP", "true")
    analytics.write_key = "k"
    analytics.gzip = False
    analytics.flush()
    assert analytics.default_client.timeout == 3
    assert analytics.default_client.gzip is False


def test_every_setting_is_a_module_setting(analytics: Any) -> None:
    """`analytics.<setting> = …` works for all of them, as upstream's do (P27)."""
    assert set(Settings.model_fields) <= analytics._SETTINGS
    assert {"on_error", "on_delivery", "log_handler"} <= analytics._SETTINGS


def test_everything_upstream_offers_at_module_level_is_here(analytics: Any) -> None:
    """The drop-in has no holes."""
    import segment.analytics as upstream

    public = {name for name in vars(upstream) if not name.startswith("_")} - {"client", "consumer", "request", "utils"}
    missing = {
        name for name in public - {"version", "VERSION", "oauth_manager", "test"} if not hasattr(analytics, name)
    }
    assert missing == set()


def test_a_variable_that_is_not_json_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """As every other bad setting."""
    monkeypatch.setenv("PIPELINES_SEGMENT_INTEGRATIONS", "secret")
    with pytest.raises(ConfigError, match="PIPELINES_SEGMENT_INTEGRATIONS") as caught:
        Client("k")
    assert "secret" not in str(caught.value)


def test_a_queue_of_size_zero_has_no_limit() -> None:
    """As `queue.Queue`, and upstream, have it."""
    assert Client("k", max_queue_size=0).settings.max_queue_size is None


def test_no_batch_is_larger_than_segment_takes() -> None:
    """FACTS S3: over 2,500 items it answers 200 and loses them, whatever `upload_size` says."""
    destinations = Client("k", segment_write_key="s", upload_size=10_000)._pipeline._opener._destinations
    assert {each.limits.max_batch_count for each in destinations.values()} == {2_500}


_BAD_PROXIES = [
    "socks5h://ada:hidden@p.example:1080",
    "http://ada:hidden@p.example:port",
    "http://ada:hidden@[::1",
    "http://ada:hidden@",
    "hidden://p.example",
]


@pytest.mark.parametrize("address", _BAD_PROXIES)
def test_a_proxy_that_cannot_be_used_is_an_error_at_construction(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the setting or the variable and never the password; a proxy for other addresses is not looked at."""
    with pytest.raises(ConfigError, match=r"proxies \(or PIPELINES_PROXIES\)") as caught:
        Client("k", proxies={"https": address})
    assert "hidden" not in str(caught.value)
    assert Client("k", proxies={"ftp": address}).settings.proxies
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "ALL_PROXY"):
        with monkeypatch.context() as patch:
            patch.setenv(name, address)
            with pytest.raises(ConfigError, match=f"^{name}: ") as caught:
                Client("k")
            assert "hidden" not in str(caught.value)
            assert Client("k", proxies={}).settings.proxies == {}


def test_certificates_that_cannot_be_read_are_an_error_at_construction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A leg that can never be served is said at once: by setting or variable, with the path."""
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    for path, why in ((tmp_path / "none.pem", "cannot be read"), (junk, "has no certificates")):
        with pytest.raises(ConfigError, match=rf"^ca_bundle \(or PIPELINES_CA_BUNDLE\): .*{path.name} {why}"):
            Client("k", ca_bundle=path)
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            with monkeypatch.context() as patch:
                patch.setenv("REQUESTS_CA_BUNDLE", "")
                patch.setenv("CURL_CA_BUNDLE", "")
                patch.setenv(name, str(path))
                with pytest.raises(ConfigError, match=rf"^{name}: .*{path.name} {why}"):
                    Client("k")
                assert Client("k", host="http://127.0.0.1:9").settings.host
    assert Client("k", ca_bundle=certifi.where()).settings.ca_bundle
    assert Client("k", ca_bundle=tmp_path).settings.ca_bundle == tmp_path


def test_no_repr_shows_the_password_of_a_proxy() -> None:
    """Settings end up in debug logs."""
    settings = Settings.load(
        write_key="k", proxies={"https": "http://ada:hidden@p.example:1", "http": "bob:hidden@p:2"}
    )
    assert "hidden" not in repr(settings) + str(settings)
    assert "http://***@p.example:1" in repr(settings)
    assert "'***@p:2'" in repr(settings)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"write_key": '"k"'}, ("write_key has quotes",)),
        ({"write_key": "k", "segment_write_key": "'s'"}, ("segment_write_key has quotes",)),
        (
            {"write_key": "k", "segment_write_key": "pk_us_1"},
            ("segment_write_key", "key of Customer.io", "set write_key"),
        ),
        ({"write_key": "k", "segment_write_key": "k"}, ("segment_write_key is the same as write_key",)),
        ({"write_key": "k", "host": "proxy.example:8000"}, ("host must begin with https://", "scheme")),
        ({"write_key": "k", "segment_write_key": "s", "segment_host": "localhost:8000"}, ("segment_host", "scheme")),
    ],
)
def test_what_people_paste_wrongly_is_refused_with_name_and_cure(given: dict[str, Any], names: tuple[str, ...]) -> None:
    """No key has quotes, no key serves both vendors, and an address without a scheme may mean either of two."""
    with pytest.raises(ConfigError) as caught:
        Client(**given)
    for name in names:
        assert name in str(caught.value)
    assert "pk_us_1" not in str(caught.value)


def test_a_region_may_be_in_capitals_and_an_empty_host_is_none() -> None:
    """As people write them, and as upstream takes them."""
    client = Client("k", host="", region="EU", segment_write_key="s", segment_host="", segment_region=" Eu ")  # type: ignore[arg-type]
    assert url_of(client) == "https://cdp-eu.customer.io/v1/batch"
    assert url_of(client, "segment") == "https://events.eu1.segmentapis.com/v1/batch"


def test_a_timeout_may_be_two_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """To connect and to answer, as `requests` and so upstream take it."""
    settings = Client("k", timeout=(3, 20)).settings
    assert (settings.connect_timeout_s, settings.answer_timeout_s) == (3, 20)
    monkeypatch.setenv("PIPELINES_TIMEOUT", "4")
    assert Settings.load().connect_timeout_s == Settings.load().answer_timeout_s == 4
    for wrong in (0, (3, 0), (1, 2, 3)):
        with pytest.raises(ConfigError, match=r"^timeout"):
            Client("k", timeout=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "seconds"), [(".5", 0.5), ("+5", 5), ("5.", 5), (" 5 ", 5), ("[1, 2.5]", (1, 2.5))])
def test_a_timeout_of_the_environment_is_a_number_in_any_spelling(
    monkeypatch: pytest.MonkeyPatch, text: str, seconds: float | tuple[float, float]
) -> None:
    """As all other numbers are, of which JSON has fewer spellings; two numbers are JSON."""
    monkeypatch.setenv("PIPELINES_TIMEOUT", text)
    assert Settings.load().timeout == seconds
    monkeypatch.setenv("PIPELINES_TIMEOUT", f"{text}s")
    with pytest.raises(ConfigError, match=r"^timeout \(or PIPELINES_TIMEOUT\): Input should be a valid number"):
        Settings.load()


def test_a_misspelt_variable_is_named_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """It would do nothing, and nothing else would say so."""
    monkeypatch.setenv("PIPELINES_SEGMENT_WRITEKEY", "s")
    monkeypatch.setenv("PIPELINES_ZZ", "s")
    monkeypatch.setenv("PIPELINES_NOTIFY", "used by parity")
    keywords._warn_of_variable.cache_clear()
    for _ in range(2):
        Client("k")
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "event='variable_ignored' variable='PIPELINES_SEGMENT_WRITEKEY' did_you_mean='PIPELINES_SEGMENT_WRITE_KEY'",
        "event='variable_ignored' variable='PIPELINES_ZZ' did_you_mean=None",
    ]


def test_an_empty_key_raises_nothing_and_sends_nothing(caplog: pytest.LogCaptureFixture, state_dir: Path) -> None:
    """As upstream: `os.environ.get("KEY", "")` on a machine without the key."""
    client = Client("")
    assert client.write_key == ""
    assert client.track("u1", "E")[0] is False
    assert client.flush(1)
    assert client.not_taken == {"no_write_key": 1}
    assert not state_dir.exists()
    assert caplog.text.count("nothing_is_sent") == 1


def test_undoing_a_patch_of_a_module_setting_is_not_an_assignment(
    analytics: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From then on the environment counts again, as before the patch."""
    monkeypatch.setenv("PIPELINES_TIMEOUT", "3")
    analytics.write_key, analytics.debug = "k", True
    with mock.patch.object(analytics, "timeout", 1), mock.patch.object(analytics, "timeout", 2):
        assert analytics._assigned["timeout"] == 2
    with mock.patch.object(analytics, "write_key", "other"):
        pass
    assert analytics._assigned == {"write_key": "k", "debug": True}
    analytics.track("u1", "E")
    assert analytics.default_client.settings.timeout == 3


def test_a_setting_that_comes_too_late_is_said(analytics: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The first call made the client: what is assigned later does nothing."""
    analytics.write_key = "k"
    analytics.track("u1", "E")
    analytics.write_key = "k"
    assert "too_late" not in caplog.text
    analytics.segment_write_key = "s"
    assert "event='setting_too_late' setting='segment_write_key'" in caplog.text


@pytest.mark.parametrize("text", ["conf/stage.toml", "~/conf/stage.toml"])
def test_the_path_of_a_stage_file_is_decided_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A daemon that changes its folder still follows it. A link on the way stays one: to switch it is a change."""
    (tmp_path / "conf").symlink_to(tmp_path / "real")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIPELINES_STAGE_FILE", text)
    assert Settings.load(write_key="k").stage_file == tmp_path / "conf" / "stage.toml"


def test_a_stage_file_in_quotes_is_said() -> None:
    """An env file keeps them."""
    with pytest.raises(ConfigError, match=r"stage_file.*in quotes"):
        Settings.load(write_key="k", stage_file=Path("'/etc/app/stage.toml'"))
