"""Every setting: its name, type, default and unit. Each can also come from the variable `PIPELINES_<NAME>`.

A value that code sets wins over the environment, the environment wins over the default. None means "not set here".
`pipelines_client.keywords` has the same names as typed keywords.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo
from pydantic.functional_validators import field_validator, model_validator

from pipelines_client.destinations import cured
from pipelines_client.destinations.base import ApiLimits, Destination
from pipelines_client.destinations.proxies import check_connection, without_password
from pipelines_client.destinations.registry import VENDORS, make_destination
from pipelines_client.destinations.segment import INTEGRATION_PRESETS
from pipelines_client.errors import ConfigError
from pipelines_client.identity import parse_identity_key
from pipelines_client.keywords import (
    CustomerioCreatedAt,
    CustomerioDates,
    CustomerioPageNames,
    LedgerIdentity,
    OnFull,
    Region,
    SpoolKind,
    from_environment,
    nearest,
    warn_of_variables,
)
from pipelines_client.privacy.modes import table_of as privacy_table
from pipelines_client.routing.consent import CONSENT_SETTINGS, categories_of
from pipelines_client.routing.plan import LegRules, Plan, Stage, Switch, stage_for
from pipelines_client.routing.watch import StageWatch
from pipelines_client.state.guarded import guarded
from pipelines_client.state.held import absolute, default_state_dir, resolved
from pipelines_client.state.kept import CONSENT, CURES, INTEGRATIONS

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from pipelines_client.keywords import SettingsKeywords

_LIMITS = ApiLimits()
_HOOKS = ("on_delivery", "before_send", "on_error", "log_handler")
_LONGEST_S = 2_000_000  # 23 days: sockets count milliseconds in 31 bits
Seconds = Annotated[float, Field(gt=0, le=_LONGEST_S)]
SecondsOrZero = Annotated[float, Field(ge=0, le=_LONGEST_S)]


class Settings(BaseModel):
    """The settings of one client. Keys are secrets: no `repr` shows them."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    write_key: SecretStr | None = Field(None, description="Customer.io's key.")
    host: str | None = Field(None, description="Customer.io's address; default: the region's.")
    region: Region | None = Field(None, description="Customer.io's region, `us` or `eu`, unless the key names it.")
    segment_write_key: SecretStr | None = Field(None, description="Segment's key. Setting it turns on dual-write.")
    segment_host: str | None = Field(None, description="Segment's address; default: the region's.")
    segment_region: Region | None = Field(None, description="Segment's region, `us` or `eu`.")
    segment_integrations: dict[str, Any] = Field(
        {}, description="`integrations` of each Segment batch: JSON, `customerio_off` or `all_off`."
    )
    stage: Stage | None = Field(
        None, description="`segment`, `shadow`, `dual`, `live` or `complete`; default: by the keys that are set."
    )
    share: float = Field(
        1.0, ge=0, le=1, description="Share of people sent to the leg that does not count (`shadow`, `live`)."
    )
    salt: str = Field("", description="Changes which people are in the share.")
    customerio_switch: Switch = Field(
        Switch.ON, description="Customer.io's leg: `on`, `off` (keep on disk) or `discard` (drop and count)."
    )
    segment_switch: Switch = Field(Switch.ON, description="Segment's leg: `on`, `off` or `discard`.")
    stage_file: Path | None = Field(
        None, description="TOML file with stage, shares, lists and switches; changes take effect while processes run."
    )
    stage_poll_s: Seconds = Field(5.0, description="Seconds until a change of the stage file takes effect.")
    allow_commands: frozenset[str] = Field(frozenset(), description="Reserved event names that may reach Customer.io.")
    customerio_dates: CustomerioDates | None = Field(
        None, description="`unix`: dates in traits and properties reach Customer.io as Unix seconds."
    )
    customerio_dates_include: tuple[str, ...] = Field(
        (), description="Paths such as `traits.trial_ends_at` at and below which dates are changed; default: all."
    )
    customerio_dates_exclude: tuple[str, ...] = Field(
        (), description="Paths at and below which dates stay as they are."
    )
    customerio_page_names: CustomerioPageNames | None = Field(
        None, description="`url`: a page reaches Customer.io under its `properties.url`."
    )
    customerio_created_at: CustomerioCreatedAt | None = Field(
        None, description="`renamed`: an identify's trait `createdAt` reaches Customer.io as `created_at`."
    )
    customerio_consent: frozenset[str] = Field(
        frozenset(), description="Consent categories that a message must allow to reach Customer.io."
    )
    segment_consent: frozenset[str] = Field(
        frozenset(), description="Consent categories that a message must allow to reach Segment."
    )
    plan: Path | None = Field(
        None, description="Tracking plan (`tracking-plan.yaml`) that each call is checked against."
    )
    privacy: Annotated[dict[str, Any] | None, BeforeValidator(privacy_table)] = Field(
        None, description="What happens to secrets and personal data in calls: a mode, or a table (docs/privacy.md)."
    )

    state_dir: Path = Field(
        default_factory=default_state_dir,
        description="Directory of the spool, the ledger and the run files.",
    )
    spool: SpoolKind = Field("disk", description="`disk` keeps messages when the process is killed; `memory` does not.")
    spool_max_bytes: int = Field(1 << 30, ge=1, description="Maximum bytes of waiting messages, for each leg.")
    on_full: OnFull = Field(
        "reject",
        description="When the spool is full: `reject` the call, `block` it, or `drop_oldest`, as the leg that does not "
        "count always does.",
    )
    block_timeout_s: SecondsOrZero = Field(5.0, description='Seconds a call waits for room with `on_full="block"`.')
    max_queue_size: int | None = Field(
        None, ge=0, description="Maximum number of waiting messages, for each leg; default: no limit."
    )
    ledger_identity: LedgerIdentity = Field("hashed", description="People in the ledger: `hashed` or `plain`.")
    ledger_key: SecretStr | None = Field(
        None, description="Key of the identity hash (hex). Set the same one on all hosts of a fleet."
    )

    upload_size: int | None = Field(
        None, ge=1, description="Maximum number of messages in a request; default: the API's limit."
    )
    upload_interval: SecondsOrZero = Field(0.5, description="Seconds a message waits for others to share its request.")
    max_body_bytes: int = Field(_LIMITS.max_body_bytes, ge=1_000, le=500_000, description="Maximum bytes of a request.")
    max_requests_per_s: float = Field(
        _LIMITS.max_requests_per_s, gt=0, description="Maximum requests a second, for each leg of each process."
    )
    max_message_bytes: int = Field(32_000, ge=100, le=32_768, description="Maximum bytes of a message (FACTS C6, S3).")
    timeout: Seconds | tuple[Seconds, Seconds] = Field(
        15.0, description="Seconds for an API to connect, and to answer; or two numbers, one for each."
    )
    gzip: bool = Field(False, description="Compress requests.")
    proxies: dict[str, str | None] | None = Field(
        None, description="Proxy for each scheme, null for none; default: `HTTPS_PROXY` and similar variables."
    )
    ca_bundle: Path | None = Field(None, description="Certificates to trust instead of certifi's.")

    flush_timeout_s: SecondsOrZero = Field(30.0, description="Seconds `flush()` waits when it gets no timeout.")
    exit_timeout_s: SecondsOrZero = Field(2.0, description="Seconds delivery may go on when the process ends.")
    retry_base_s: Seconds = Field(0.5, description="Seconds before the first retry; grows, with full jitter.")
    retry_cap_s: Seconds = Field(60.0, description="Maximum seconds between retries, unless the API asks for more.")
    pause_s: Seconds = Field(60.0, description="Seconds between attempts while a key or a host is wrong.")
    unhealthy_after_s: Seconds = Field(300.0, description="Seconds without a success after which a leg is unhealthy.")

    debug: bool = Field(False, description="Log at DEBUG, to stderr if no handler is set.")
    send: bool = Field(True, description="`false`: build and check messages; keep and send nothing.")
    send_in_tests: bool = Field(False, description="Let a pytest run send to hosts that are not on this machine.")
    sync_mode: bool = Field(False, description="Each call waits until its message is delivered.")
    thread: int = Field(
        1, ge=1, description="Accepted for compatibility; each leg has one sender, which keeps the order."
    )
    max_retries: int = Field(10, ge=0, description="Accepted for compatibility; retries do not end in a loss.")
    oauth_client_id: str | None = Field(None, description="Segment OAuth, as in upstream.")
    oauth_client_key: SecretStr | None = Field(None, description="Segment OAuth, as in upstream.")
    oauth_key_id: str | None = Field(None, description="Segment OAuth, as in upstream.")
    oauth_auth_server: str | None = Field(
        None, description="Segment's OAuth server; default: that of Segment's region."
    )
    oauth_scope: str = Field("tracking_api:write", description="Segment OAuth, as in upstream.")

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Hide the passwords of proxies."""
        for name, value in super().__repr_args__():
            if name == "proxies" and value:
                yield name, {scheme: address and without_password(address) for scheme, address in value.items()}
            else:
                yield name, value

    @model_validator(mode="before")
    @classmethod
    def _with_environment(cls, given: Any) -> Any:
        """Add what only the environment says."""
        return {**from_environment(cls.model_fields), **given} if isinstance(given, dict) else given

    @field_validator("timeout", "proxies", mode="before")
    @classmethod
    def _parse_json(cls, value: Any, info: ValidationInfo) -> Any:
        """Accept JSON, as the environment has it; and a number of seconds in any spelling."""
        try:
            return orjson.loads(value) if isinstance(value, str) else value
        except orjson.JSONDecodeError:
            if info.field_name != "timeout":  # `.5` is a number of seconds as well; what is none is refused as such
                raise ValueError("must be JSON") from None
            return value

    @field_validator("state_dir")
    @classmethod
    def _resolve(cls, value: Path) -> Path:
        """Resolve the path once: neither a `chdir` nor a switched symlink moves the directory of a running client."""
        return resolved(value)

    @field_validator("stage_file", "plan")
    @classmethod
    def _keep_in_place(cls, value: Path | None) -> Path | None:
        """Make the path absolute once: a `chdir` moves no file. Links stay: they are switched to change it."""
        return absolute(value) if value is not None else None

    @property
    def connect_timeout_s(self) -> float:
        """Seconds for an API to connect."""
        return self.timeout[0] if isinstance(self.timeout, tuple) else self.timeout

    @property
    def answer_timeout_s(self) -> float:
        """Seconds for an API to answer."""
        return self.timeout[1] if isinstance(self.timeout, tuple) else self.timeout

    @field_validator("region", "segment_region", mode="before")
    @classmethod
    def _in_small_letters(cls, value: Any) -> Any:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("allow_commands", "customerio_consent", "segment_consent", mode="before")
    @classmethod
    def _split_commas(cls, value: Any) -> Any:
        """Accept any collection, and names with commas between them, as the environment has them."""
        if isinstance(value, str):
            return frozenset(name.strip() for name in value.split(",") if name.strip())
        return frozenset(value) if isinstance(value, Collection) else value

    @field_validator("customerio_dates_include", "customerio_dates_exclude", mode="before")
    @classmethod
    def _paths(cls, value: Any, info: ValidationInfo) -> Any:
        """Accept any collection, and `traits.a,traits.b` from the environment; refuse what is not a path."""
        return cured.paths_of(str(info.field_name), value, info.data.get("customerio_dates"))

    @field_validator("segment_integrations", mode="before")
    @classmethod
    def _name_or_json(cls, value: Any) -> Any:
        """Accept the name of a preset, and JSON from the environment."""
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
        """Treat 0 as `queue.Queue` does."""
        return value or None

    @field_validator("ledger_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_identity_key(value.get_secret_value())
        return value

    @classmethod
    def load(cls, **given: Unpack[SettingsKeywords]) -> Settings:
        """Return the settings given here; None leaves a setting to the environment and its default.

        Args:
            **given: The settings, by name.

        Returns:
            Checked, immutable settings.

        Raises:
            ConfigError: A name is misspelt or a value is wrong. The text names the setting, its variable and the
                reason, never the value.

        Example:
            ```python
            settings = Settings.load(write_key="your-customerio-key", state_dir="/var/lib/app")
            ```
        """
        for name in given.keys() - cls.model_fields:
            meant = nearest(name, (*cls.model_fields, *_HOOKS))
            cure = "; pass it to Client" if name in _HOOKS else f"; did you mean {meant}?" if meant else ""
            raise ConfigError(f"{name} is not a setting{cure}")
        warn_of_variables(cls.model_fields)
        try:
            known: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
            return cls(**known)
        except ValidationError as error:
            wrong: dict[str, list[str]] = {}
            for item in error.errors(include_input=False, include_url=False):
                wrong.setdefault(str(item["loc"][0]), []).append(item["msg"])
            lines = [f"{name} (or PIPELINES_{name.upper()}): {', or: '.join(said)}" for name, said in wrong.items()]
            raise ConfigError("; ".join(lines)) from None

    def destinations(self) -> tuple[Destination, ...]:
        """Return the legs that have a key, Customer.io first.

        Raises:
            ConfigError: There is no Customer.io key; key, region and host contradict each other; or the proxy or the
                certificates cannot be used.
        """
        most = _LIMITS.max_batch_count  # FACTS S3: over it Segment answers 200 and loses the batch
        limits = ApiLimits(self.max_body_bytes, min(self.upload_size or most, most), self.max_requests_per_s)
        if self.write_key is None:
            raise ConfigError("write_key is missing: pass it, or set PIPELINES_WRITE_KEY")
        curing = cured.curing_of(self.cures, max_bytes=self.max_message_bytes)
        destinations = tuple(
            make_destination(
                vendor,
                key.get_secret_value(),
                host=getattr(self, f"{vendor.setting_prefix}host"),
                region=getattr(self, f"{vendor.setting_prefix}region"),
                limits=limits,
                integrations=getattr(self, f"{vendor.setting_prefix}integrations", None),
                cure=curing if vendor.takes_cures else None,
            )
            for vendor in VENDORS
            if (key := getattr(self, f"{vendor.setting_prefix}write_key")) is not None
        )
        if len({destination.write_key for destination in destinations}) < len(destinations):
            raise ConfigError("segment_write_key is the same as write_key: each side needs a key of its vendor")
        for destination in destinations:
            check_connection(
                destination.url, proxies=self.proxies, ca_bundle=str(self.ca_bundle) if self.ca_bundle else None
            )
        return destinations

    @property
    def cures(self) -> dict[str, Any]:
        """What Customer.io's leg changes, as `effects.cures` takes it; empty if it sends what was recorded."""
        return cured.asked_of({name: getattr(self, name) for name in cured.SETTINGS})

    @property
    def consent(self) -> dict[str, list[str]]:
        """The consent categories that legs need, by setting; empty if none needs any."""
        return {name: sorted(needed) for name in CONSENT_SETTINGS if (needed := getattr(self, name))}

    def with_kept(self) -> Settings:
        """Return the settings of a command that sends in the application's place.

        What these do not say about `segment_integrations`, cures and consent, the application has written into the
        state directory.

        Raises:
            StateDamagedError: What it has written is damaged.
            OSError: It cannot be read.
        """
        kept: dict[str, Any] = {}
        if "segment_integrations" not in self.model_fields_set:
            integrations = INTEGRATIONS.read(self.state_dir)
            kept |= {} if integrations is None else {"segment_integrations": integrations}
        if self.model_fields_set.isdisjoint(cured.SETTINGS):
            asked = CURES.read(self.state_dir) or {}
            kept |= guarded(cured.settings_of, asked, path=self.state_dir / CURES.file)
        if not self.model_fields_set.issuperset(CONSENT_SETTINGS):
            needed = guarded(categories_of, CONSENT.read(self.state_dir) or {}, path=self.state_dir / CONSENT.file)
            kept |= {name: value for name, value in needed.items() if name not in self.model_fields_set}
        return self.model_copy(update=kept) if kept else self

    def stage_plan(self) -> Plan:
        """Return which legs messages take when there is no stage file.

        Raises:
            ConfigError: The stage needs a leg that has no key.
        """
        main, *others = VENDORS
        keyed = (vendor for vendor in others if getattr(self, f"{vendor.setting_prefix}write_key") is not None)
        legs = (main.name, *(vendor.name for vendor in keyed))
        rules = {leg: self._rules_of(leg) for leg in legs}
        stage, of_batches = stage_for(self.stage, legs=legs), self.segment_integrations
        return Plan(stage, legs, rules, self.salt, self.allow_commands, of_batches=of_batches)

    def _rules_of(self, leg: str) -> LegRules:
        consent: frozenset[str] = getattr(self, f"{leg}_consent", frozenset())
        return LegRules(self.share, switch=getattr(self, f"{leg}_switch"), consent=consent)

    def stage_watch(self) -> StageWatch:
        """Return the plan that follows the stage file, and starts with the settings'.

        Raises:
            ConfigError: The stage of the settings needs a leg that has no key.
        """
        memory = self.state_dir if self.spool == "disk" else None
        return StageWatch(self.stage_plan(), self.stage_file, poll_s=self.stage_poll_s, memory=memory)
