"""The settings as typed keywords, for the constructor, the module and `Settings.load`: a misspelt one is a type error.

None means "not set here". What each setting does, and its default: `pipelines_client.config.Settings`.
"""

# Without `from __future__ import annotations`: as text, each annotation would be compiled when the package is imported.

import functools
import os
from collections.abc import Collection, Iterable, Mapping
from os import PathLike
from typing import Any, Literal, TypedDict

from pipelines_client.log import logger

Region = Literal["us", "eu"]
StageName = Literal["segment", "shadow", "dual", "live", "complete"]
SwitchName = Literal["on", "off", "discard"]
SpoolKind = Literal["disk", "memory"]
OnFull = Literal["reject", "drop_oldest", "block"]
LedgerIdentity = Literal["hashed", "plain"]
CustomerioDates = Literal["unix", "off"]
CustomerioPageNames = Literal["url", "off"]
CustomerioCreatedAt = Literal["renamed", "off"]
CheckMode = Literal["off", "warn", "redact", "reject", "raise"]
IntegrationPreset = Literal["customerio_off", "all_off"]
_PREFIX = "PIPELINES_"
_OF_COMMANDS = (
    "CUSTOMERIO_APP_KEY",
    "CUSTOMERIO_APP_URL",
    "NOTIFY",
    "SEGMENT_API_TOKEN",
    "SEGMENT_API_URL",
)
"""Variables of `pipelines-client parity`, which are not settings of a client."""

AnyPath = str | PathLike[str]


class OwnKeywords(TypedDict, total=False):
    """The settings that upstream's client does not have."""

    region: Region | None
    segment_write_key: str | None
    segment_host: str | None
    segment_region: Region | None
    segment_integrations: Mapping[str, Any] | IntegrationPreset | None
    stage: StageName | None
    share: float | None
    salt: str | None
    customerio_switch: SwitchName | None
    segment_switch: SwitchName | None
    stage_file: AnyPath | None
    stage_poll_s: float | None
    allow_commands: Collection[str] | None
    customerio_dates: CustomerioDates | None
    customerio_dates_include: Collection[str] | None
    customerio_dates_exclude: Collection[str] | None
    customerio_page_names: CustomerioPageNames | None
    customerio_created_at: CustomerioCreatedAt | None
    customerio_consent: Collection[str] | None
    segment_consent: Collection[str] | None
    plan: AnyPath | None
    privacy: CheckMode | Mapping[str, Any] | None
    state_dir: AnyPath | None
    spool: SpoolKind | None
    spool_max_bytes: int | None
    on_full: OnFull | None
    block_timeout_s: float | None
    ledger_identity: LedgerIdentity | None
    ledger_key: str | None
    max_body_bytes: int | None
    max_requests_per_s: float | None
    max_message_bytes: int | None
    ca_bundle: AnyPath | None
    flush_timeout_s: float | None
    exit_timeout_s: float | None
    retry_base_s: float | None
    retry_cap_s: float | None
    pause_s: float | None
    unhealthy_after_s: float | None
    send_in_tests: bool | None


class SettingsKeywords(OwnKeywords, total=False):
    """All settings, those of upstream's client too: the keywords of `Settings.load`."""

    write_key: str | None
    host: str | None
    debug: bool | None
    max_queue_size: int | None
    send: bool | None
    gzip: bool | None
    max_retries: int | None
    sync_mode: bool | None
    timeout: float | tuple[float, float] | None
    proxies: Mapping[str, str | None] | None
    thread: int | None
    upload_size: int | None
    upload_interval: float | None
    oauth_client_id: str | None
    oauth_client_key: str | None
    oauth_key_id: str | None
    oauth_auth_server: str | None
    oauth_scope: str | None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like a misspelt one; None if none is close."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, known, n=1)), None)


def unknown_variables(environment: Iterable[str], settings: Iterable[str]) -> list[tuple[str, str | None]]:
    """Return the `PIPELINES_…` variables that are not a setting, each with the variable that it may stand for."""
    known = [name.upper() for name in settings]
    given = {name: name.upper().removeprefix(_PREFIX) for name in environment if name.upper().startswith(_PREFIX)}
    unknown = {name: rest for name, rest in given.items() if rest not in known and rest not in _OF_COMMANDS}
    meant = {name: nearest(rest, known) for name, rest in sorted(unknown.items())}
    return [(name, f"{_PREFIX}{setting}" if setting else None) for name, setting in meant.items()]


def from_environment(settings: Iterable[str]) -> dict[str, str]:
    """Return the settings that `PIPELINES_…` variables hold, in any case; an empty variable says nothing."""
    given = {name.upper(): value for name, value in os.environ.items() if value}
    return {name: value for name in settings if (value := given.get(f"{_PREFIX}{name.upper()}")) is not None}


@functools.cache
def _warn_of_variable(name: str, meant: str | None) -> None:
    logger().warning("variable_ignored", variable=name, did_you_mean=meant)


def warn_of_variables(settings: Iterable[str]) -> None:
    """Log each `PIPELINES_…` variable that is not a setting, once for each process."""
    for name, meant in unknown_variables(os.environ, settings):
        _warn_of_variable(name, meant)
