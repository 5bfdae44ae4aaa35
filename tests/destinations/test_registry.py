"""The vendors, and the checks that all of them share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pytest
from pydantic import Field, SecretStr

from pipelines_client import config
from pipelines_client.config import Settings
from pipelines_client.destinations import registry
from pipelines_client.destinations.base import Destination
from pipelines_client.destinations.registry import VENDORS, make_destination
from pipelines_client.destinations.segment import Segment
from pipelines_client.errors import ConfigError
from pipelines_client.message.build import Message
from pipelines_client.routing.plan import Stage, Switch
from pipelines_client.sides import CUSTOMERIO, SEGMENT


class Third(Destination):
    """A vendor as a newcomer adds it."""

    __slots__ = ()
    name = "third"
    title = "Third"
    hosts: ClassVar = {"us": "https://in.third.example"}
    setting_prefix = "third_"


def test_a_vendor_is_a_file_and_a_line_and_its_host_is_refused_for_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """No code asks which vendor it has: a third one gets its checks and texts from its class variables."""
    monkeypatch.setitem(registry._OWNERS, "in.third.example", (Third, "us"))
    assert make_destination(Third, "k").url == "https://in.third.example/v1/batch"
    with pytest.raises(ConfigError, match=r"segment_host is for Segment, but .* belongs to Third: set third_host"):
        make_destination(Segment, "k", host="in.third.example")
    with pytest.raises(ConfigError, match=r"third_host is for Third, but .* belongs to Customer.io: set host"):
        make_destination(Third, "k", host="cdp.customer.io")


class ThirdSettings(Settings):
    """Its settings."""

    third_write_key: SecretStr | None = None
    third_host: str | None = None
    third_region: str | None = None
    third_integrations: dict[str, Any] = Field(default_factory=dict)
    third_switch: Switch = Switch.ON


def test_a_third_vendor_gets_its_leg_and_its_settings_and_stages_give_it_every_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What docs/architecture.md says of it: the stages speak of the other two."""
    monkeypatch.setattr(config, "VENDORS", (*VENDORS, Third))
    given = ThirdSettings(
        write_key=SecretStr("k"),
        segment_write_key=SecretStr("s"),
        third_write_key=SecretStr("t"),
        third_integrations={"All": False},
        third_switch=Switch.OFF,
    )
    third = given.destinations()[2]
    assert (third.url, third.integrations) == ("https://in.third.example/v1/batch", {"All": False})
    assert given.stage_plan().legs == (CUSTOMERIO, SEGMENT, "third")
    assert given.stage_plan().switch_of("third") is Switch.OFF
    assert given.stage_plan().switch_of(SEGMENT) is Switch.ON
    at = "2026-11-02T09:30:00.000Z"
    message = Message("m", "track", "Paid", "u1", None, "user:u1", at, at, b"{}", "h")
    for stage in Stage:
        plan = replace(given.stage_plan(), stage=stage)
        assert "third" not in plan.route(message, {})
        assert plan.authoritative != "third"
    without_key = ThirdSettings(write_key=SecretStr("k"), segment_write_key=SecretStr("s")).stage_plan()
    assert without_key.legs == (CUSTOMERIO, SEGMENT)


def test_customerio_is_the_first_leg() -> None:
    """The order of the vendors is the order of a client's legs, in status, ledger and reports."""
    assert [vendor.name for vendor in VENDORS] == [CUSTOMERIO, SEGMENT]


def test_each_vendor_has_its_settings() -> None:
    """`Settings` reads them by the vendor's prefix: a new vendor needs its fields there."""
    needed = {f"{vendor.setting_prefix}{name}" for vendor in VENDORS for name in ("write_key", "host", "region")}
    assert needed | {f"{vendor.name}_switch" for vendor in VENDORS} <= set(Settings.model_fields)


@pytest.mark.parametrize(
    ("host", "region", "server"),
    [
        (None, None, "https://oauth2.segment.io"),
        (None, "us", "https://oauth2.segment.io"),
        (None, "eu", "https://oauth2.eu1.segmentapis.com"),
        ("https://events.eu1.segmentapis.com/v1", None, "https://oauth2.eu1.segmentapis.com"),
        ("https://relay.example", None, "https://oauth2.segment.io"),
        ("https://relay.example", "eu", "https://oauth2.eu1.segmentapis.com"),
    ],
)
def test_tokens_come_from_the_server_of_segments_region(host: str | None, region: str | None, server: str) -> None:
    """FACTS S2: a token is valid in its region only."""
    assert Segment.oauth_server(host=host, region=region) == server
