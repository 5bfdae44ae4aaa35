"""Every setting: its default, its unit, its `PIPELINES_…` variable, once.

What code sets wins over the environment; None means "not set here". The environment wins over the default.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from pipelines_client.destinations.base import ApiLimits, Destination
from pipelines_client.destinations.proxies import check_connection, without_password
from pipelines_client.destinations.registry import VENDORS, make_destination
from pipelines_client.destinations.segment import INTEGRATION_PRESETS
from pipelines_client.errors import ConfigError
from pipelines_client.identity import parse_identity_key
from pipelines_client.routing.plan import LegRules, Plan, Stage, Switch, stage_for
from pipelines_client.routing.watch import StageWatch
from pipelines_client.sides import CUSTOMERIO, SEGMENT

Region = Literal["us", "eu"]


class Settings(BaseSettings):
    """The settings of one client. Keys are secrets: no `repr` shows them."""

    model_config = SettingsConfigDict(env_prefix="PIPELINES_", env_ignore_empty=True, extra="forbid", frozen=True)

    write_key: SecretStr | None = Field(None, description="Customer.io's key.")
    host: str | None = Field(None, description="Customer.io's address; default: the region's.")
    region: Region | None = Field(None, description="Customer.io's region, if the key does not name it.")
    segment_write_key: SecretStr | None = Field(
        None, description="The legacy Segment key; setting it means dual-write."
    )
    segment_host: str | None = Field(None, description="Segment's address; default: the region's.")
    segment_region: Region | None = Field(None, description="Segment's region.")
    segment_integrations: Annotated[dict[str, Any], NoDecode] = Field(
        {}, description="`integrations` at the top of each Segment batch; or `customerio_off`, `all_off`."
    )
    stage: Stage | None = Field(None, description="segment, shadow, dual, live or complete; default by the keys set.")
    share: float = Field(1.0, ge=0, le=1, description="Share of people on the leg that does not count (shadow, live).")
    salt: str = Field("", description="Changes which people are in the share.")
    customerio_switch: Switch = Field(Switch.ON, description="on, off (keep on disk) or discard (drop, counted).")
    segment_switch: Switch = Field(Switch.ON, description="The same for Segment.")
    stage_file: Path | None = Field(None, description="TOML file that says stage, shares, lists and switches, watched.")
    stage_poll_s: float = Field(5.0, gt=0, description="Seconds within which a change of it takes effect.")
    allow_commands: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(), description="Reserved event names that may reach Customer.io."
    )

    state_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_state_dir("pipelines-client")),
        description="Where spool, ledger and run files live.",
    )
    spool: Literal["disk", "memory"] = Field("disk", description="disk survives a kill; memory does not.")
    spool_max_bytes: int = Field(1 << 30, ge=1, description="Most bytes of messages that wait, for each leg.")
    on_full: Literal["reject", "drop_oldest", "block"] = Field(
        "reject", description="What a full spool does to the next call; the leg that does not count drops its oldest."
    )
    block_timeout_s: float = Field(5.0, ge=0, description='Seconds a call may wait for room with on_full="block".')
    max_queue_size: int | None = Field(
        None, ge=0, description="Most messages that wait, for each leg; default: no limit."
    )
    ledger_identity: Literal["hashed", "plain"] = Field("hashed", description="How the ledger names people.")
    ledger_key: SecretStr | None = Field(None, description="Key of the identity hash (hex), for a fleet to share.")

    upload_size: int | None = Field(None, ge=1, description="Most messages in a request; default: the API's limit.")
    upload_interval: float = Field(0.5, ge=0, description="Seconds a message may wait for company.")
    max_body_bytes: int = Field(475_000, ge=1_000, le=500_000, description="Most bytes of a request.")
    max_requests_per_s: float = Field(
        100.0,
        gt=0,
        description="Most requests a second, for each leg of each process: catching up is steady.",
    )
    max_message_bytes: int = Field(32_000, ge=100, le=32_768, description="Most bytes of a message (FACTS C6, S3).")
    timeout: float = Field(15.0, gt=0, description="Seconds for an API to connect, and to answer.")
    gzip: bool = Field(False, description="Compress requests.")
    proxies: dict[str, str] | None = Field(None, description="Proxy by scheme; default: HTTPS_PROXY and its kin.")
    ca_bundle: Path | None = Field(None, description="Certificates to trust instead of certifi's.")

    flush_timeout_s: float = Field(30.0, ge=0, description="Seconds `flush()` waits if it is not told.")
    exit_timeout_s: float = Field(2.0, ge=0, description="Seconds the end of the process may take.")
    retry_base_s: float = Field(0.5, gt=0, description="First wait after a failure; doubles, with full jitter.")
    retry_cap_s: float = Field(60.0, gt=0, description="Longest wait that we choose ourselves.")
    pause_s: float = Field(60.0, gt=0, description="Seconds between tries while a key or a host is wrong.")
    unhealthy_after_s: float = Field(300.0, gt=0, description="Seconds without success that make a leg unhealthy.")

    debug: bool = Field(False, description="Log at DEBUG, to stderr unless a handler is given.")
    send: bool = Field(True, description="False: build and check, keep and send nothing.")
    sync_mode: bool = Field(False, description="Each call waits for its delivery.")
    thread: int = Field(1, ge=1, description="Accepted for upstream's sake: one sender a leg keeps the order.")
    max_retries: int = Field(10, ge=0, description="Accepted for upstream's sake: retries do not end in a loss.")
    oauth_client_id: str | None = Field(None, description="Segment OAuth, as upstream.")
    oauth_client_key: SecretStr | None = Field(None, description="Segment OAuth, as upstream.")
    oauth_key_id: str | None = Field(None, description="Segment OAuth, as upstream.")
    oauth_auth_server: str = Field("https://oauth2.segment.io", description="Segment OAuth, as upstream.")
    oauth_scope: str = Field("tracking_api:write", description="Segment OAuth, as upstream.")

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Show no password of a proxy."""
        for name, value in super().__repr_args__():
            if name == "proxies" and value:
                yield name, {scheme: without_password(address) for scheme, address in value.items()}
            else:
                yield name, value

    @field_validator("allow_commands", mode="before")
    @classmethod
    def _split_commas(cls, value: Any) -> Any:
        """Take `User Deleted,Device Deleted` from the environment."""
        return frozenset(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value

    @field_validator("segment_integrations", mode="before")
    @classmethod
    def _name_or_json(cls, value: Any) -> Any:
        """Take a preset by its name, or JSON from the environment."""
        if not isinstance(value, str):
            return value
        if value in INTEGRATION_PRESETS:
            return dict(INTEGRATION_PRESETS[value])
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise ValueError(f"must be JSON, or one of {', '.join(INTEGRATION_PRESETS)}") from None

    @field_validator("segment_integrations")
    @classmethod
    def _is_json(cls, value: dict[str, Any]) -> dict[str, Any]:
        try:
            orjson.dumps(value)
        except TypeError:
            raise ValueError("must be plain JSON values") from None
        return value

    @field_validator("max_queue_size")
    @classmethod
    def _zero_is_no_limit(cls, value: int | None) -> int | None:
        """As `queue.Queue` has it."""
        return value or None

    @field_validator("ledger_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_identity_key(value.get_secret_value())
        return value

    @classmethod
    def load(cls, **given: Any) -> Settings:
        """Read the settings; what is None is left to the environment and the default.

        Raises:
            ConfigError: A setting cannot be right; the text names it, where it can come from and why, never its value.
        """
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            lines = [
                f"{'.'.join(map(str, item['loc']))} (or PIPELINES_{str(item['loc'][0]).upper()}): {item['msg']}"
                for item in error.errors(include_input=False, include_url=False)
            ]
            raise ConfigError("; ".join(lines)) from None
        except SettingsError as error:
            name = str(error).partition('"')[2].partition('"')[0]  # the only part of its text that is no value
            raise ConfigError(f"{name} (or PIPELINES_{name.upper()}): must be JSON") from None

    def destinations(self) -> tuple[Destination, ...]:
        """Return the legs that have a key, Customer.io first.

        Raises:
            ConfigError: There is no Customer.io key, key, region and host contradict each other, or there is no way to
                a host: the proxy or the certificates cannot be used.
        """
        most = ApiLimits().max_batch_count  # FACTS S3: over it Segment answers 200 and loses the batch
        limits = ApiLimits(self.max_body_bytes, min(self.upload_size or most, most), self.max_requests_per_s)
        if self.write_key is None:
            raise ConfigError("write_key is missing: pass it, or set PIPELINES_WRITE_KEY")
        integrations = {SEGMENT: self.segment_integrations}
        destinations = tuple(
            make_destination(
                vendor,
                key.get_secret_value(),
                host=getattr(self, f"{vendor.setting_prefix}host"),
                region=getattr(self, f"{vendor.setting_prefix}region"),
                limits=limits,
                integrations=integrations.get(vendor.name),
            )
            for vendor in VENDORS
            if (key := getattr(self, f"{vendor.setting_prefix}write_key")) is not None
        )
        for destination in destinations:
            check_connection(
                destination.url, proxies=self.proxies, ca_bundle=str(self.ca_bundle) if self.ca_bundle else None
            )
        return destinations

    def plan(self) -> Plan:
        """Return which legs messages take, while no stage file says otherwise.

        Raises:
            ConfigError: The stage needs a leg that has no key.
        """
        legs = (CUSTOMERIO, SEGMENT) if self.segment_write_key is not None else (CUSTOMERIO,)
        switches = {CUSTOMERIO: self.customerio_switch, SEGMENT: self.segment_switch}
        rules = {leg: LegRules(self.share, switch=switches[leg]) for leg in legs}
        return Plan(stage_for(self.stage, legs=legs), legs, rules, self.salt, self.allow_commands)

    def stage_watch(self) -> StageWatch:
        """Return the plan as it changes: the settings', and what the stage file says instead.

        Raises:
            ConfigError: The stage of the settings needs a leg that has no key.
        """
        memory = self.state_dir if self.spool == "disk" else None
        return StageWatch(self.plan(), self.stage_file, poll_s=self.stage_poll_s, memory=memory)
