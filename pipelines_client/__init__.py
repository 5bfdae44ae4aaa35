"""Send analytics calls to Customer.io Data Pipelines and, while you migrate, to Segment too.

Change one import and two keys; every call keeps its signature, its return value and its errors:

    import pipelines_client as analytics  # was: import segment.analytics as analytics

    analytics.write_key = "your-customerio-key"
    analytics.segment_write_key = "your-segment-key"  # sends each message to both

    analytics.identify("user-42", {"email": "ada@example.com"})
    analytics.track("user-42", "Order Completed", {"total": 42.5})
    analytics.flush(timeout=5)

A call returns `(True, message)` once the message is on disk. From then on it is delivered, through restarts and
outages, or the ledger says why not. Calls raise upstream's AssertionError for wrong arguments and nothing else.

Settings are variables of this module, as in upstream: assign them before the first call, which makes the client. A
setting that you do not assign comes from its `PIPELINES_...` variable, then from its default (`Settings`). To use more
than one client, make each with `Client`.
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
import sys
import threading
import types
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from pipelines_client.errors import ConfigError
from pipelines_client.keywords import (
    AnyPath,
    CheckMode,
    CustomerioCreatedAt,
    CustomerioDates,
    CustomerioPageNames,
    IntegrationPreset,
    LedgerIdentity,
    OnFull,
    Region,
    SettingsKeywords,
    SpoolKind,
    StageName,
    SwitchName,
    nearest,
)
from pipelines_client.lazy import names_of
from pipelines_client.log import logger

if TYPE_CHECKING:
    from pipelines_client.client.calls import CallDict, Taken, Timestamp, UserId
    from pipelines_client.client.client import Client, ClientKeywords
    from pipelines_client.client.hooks import BeforeSend, OnDelivery, OnError
    from pipelines_client.config import Settings
    from pipelines_client.delivery.pipeline import FlushResult
    from pipelines_client.message.converters import register
    from pipelines_client.routing.plan import Stage, Switch
    from pipelines_client.state.ledger import DeliveryRecord, LedgerContents, Outcome, read_ledger

__version__ = VERSION = "0.1.0"

# Upstream's settings and their meaning, except that write_key and host are Customer.io's
write_key: str | None = None
host: str | None = None
on_error: OnError | None = None
debug: bool = False
log_handler: logging.Handler | None = None
send: bool = True
sync_mode: bool = False
max_queue_size: int | None = None
gzip: bool = False
timeout: float | tuple[float, float] = 15
max_retries: int = 10
proxies: Mapping[str, str | None] | None = None
thread: int = 1
upload_size: int | None = None
upload_interval: float = 0.5
oauth_client_id: str | None = None
oauth_client_key: str | None = None
oauth_key_id: str | None = None
oauth_auth_server: str = "https://oauth2.segment.io"
oauth_scope: str = "tracking_api:write"

# Our settings
region: Region | None = None
segment_write_key: str | None = None
segment_host: str | None = None
segment_region: Region | None = None
segment_integrations: Mapping[str, Any] | IntegrationPreset | None = None
stage: StageName | None = None
share: float | None = None
salt: str | None = None
customerio_switch: SwitchName | None = None
segment_switch: SwitchName | None = None
stage_file: AnyPath | None = None
stage_poll_s: float | None = None
allow_commands: Collection[str] | None = None
customerio_dates: CustomerioDates | None = None
customerio_dates_include: Collection[str] | None = None
customerio_dates_exclude: Collection[str] | None = None
customerio_page_names: CustomerioPageNames | None = None
customerio_created_at: CustomerioCreatedAt | None = None
customerio_consent: Collection[str] | None = None
segment_consent: Collection[str] | None = None
plan: AnyPath | None = None
privacy: CheckMode | Mapping[str, Any] | None = None
state_dir: AnyPath | None = None
spool: SpoolKind | None = None
spool_max_bytes: int | None = None
on_full: OnFull | None = None
block_timeout_s: float | None = None
ledger_identity: LedgerIdentity | None = None
ledger_key: str | None = None
max_body_bytes: int | None = None
max_requests_per_s: float | None = None
max_message_bytes: int | None = None
ca_bundle: AnyPath | None = None
flush_timeout_s: float | None = None
exit_timeout_s: float | None = None
retry_base_s: float | None = None
retry_cap_s: float | None = None
pause_s: float | None = None
unhealthy_after_s: float | None = None
send_in_tests: bool | None = None
on_delivery: OnDelivery | None = None
before_send: BeforeSend | None = None

default_client: Client | None = None

__path__.append(f"{__path__[0]}/old_names")  # upstream's modules: request, consumer, utils, version

_SETTINGS = frozenset(__annotations__) - {"default_client"}
_assigned: dict[str, Any] = {}
_before: dict[str, list[tuple[Any, bool]]] = {}
"""By setting: its earlier values, and whether they were assigned, so that undoing a `mock.patch` is recognised."""
_MAX_BEFORE = 16
_making = threading.RLock()  # a signal's handler may call while the first call makes the client

__all__ = [
    "AnyPath",
    "BeforeSend",
    "CallDict",
    "CheckMode",
    "Client",
    "ClientKeywords",
    "ConfigError",
    "CustomerioCreatedAt",
    "CustomerioDates",
    "CustomerioPageNames",
    "DeliveryRecord",
    "FlushResult",
    "IntegrationPreset",
    "LedgerContents",
    "LedgerIdentity",
    "OnDelivery",
    "OnError",
    "OnFull",
    "Outcome",
    "Region",
    "Settings",
    "SettingsKeywords",
    "SpoolKind",
    "Stage",
    "StageName",
    "Switch",
    "SwitchName",
    "Taken",
    "Timestamp",
    "UserId",
    "alias",
    "flush",
    "group",
    "identify",
    "join",
    "page",
    "read_ledger",
    "register",
    "screen",
    "shutdown",
    "track",
]

_CALLS = ("alias", "flush", "group", "identify", "join", "page", "screen", "shutdown", "track")

if not TYPE_CHECKING:  # else a type checker would accept any name
    _imported = names_of(
        __name__,
        {
            "client.calls": ("CallDict", "Taken", "Timestamp", "UserId"),
            "client.client": ("Client", "ClientKeywords"),
            "client.hooks": ("BeforeSend", "OnDelivery", "OnError"),
            "config": ("Settings",),
            "delivery.pipeline": ("FlushResult",),
            "message.converters": ("register",),
            "routing.plan": ("Stage", "Switch"),
            "state.ledger": ("DeliveryRecord", "LedgerContents", "Outcome", "read_ledger"),
        },
    )

    def __getattr__(name: str) -> Any:
        """Import at its first use what would make the import of this package slow, as pytest does in every run."""
        if name not in _CALLS:
            return _imported(name)
        face = globals()[name] = _face(getattr(_imported("Client"), name))
        return face


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


_P = ParamSpec("_P")
_R = TypeVar("_R")


def _face(method: Callable[Concatenate[Any, _P], _R]) -> Callable[_P, _R]:
    """Return a function with a method's name, types and docstring that calls that method of `default_client`."""
    name = method.__name__

    @functools.wraps(method)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        result: _R = getattr(_client(), name)(*args, **kwargs)
        return result

    signature = inspect.signature(method)
    call.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]  # what `help` shows, without self
    call.__module__, call.__qualname__ = __name__, name
    return call


if TYPE_CHECKING:
    identify = _face(Client.identify)
    track = _face(Client.track)
    page = _face(Client.page)
    screen = _face(Client.screen)
    group = _face(Client.group)
    alias = _face(Client.alias)
    flush = _face(Client.flush)
    join = _face(Client.join)
    shutdown = _face(Client.shutdown)


def _client() -> Client:
    """Return the module's client. The first call makes it, once, even if several threads call at the same time."""
    global default_client  # noqa: PLW0603 - upstream's name, which code and tests set
    client = default_client
    if client is None:
        with _making:
            client = default_client
            if client is None:
                # By the module's name, which code and tests may replace.
                client = getattr(sys.modules[__name__], "Client")(**_assigned)  # noqa: B009 - loaded at its first use
                client = default_client = default_client or client  # a signal's handler may have made one in between
    return client


def _renew_lock() -> None:
    """Give a forked child a new lock: a thread of the parent, which the child does not have, may hold the old one."""
    global _making  # noqa: PLW0603 - a lock can only be released by the thread that took it
    _making = threading.RLock()  # a signal's handler may call while the first call makes the client


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class _Module(types.ModuleType):
    """Remembers the settings that the application assigned: they win over the environment, module defaults do not."""

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, types.ModuleType):
            if name in _assigned:  # a room that has a setting's name was imported: `plan`, `privacy`
                return
        elif name in _SETTINGS:
            _note_assignment(name, value, vars(self)[name])
        elif name not in vars(self) and not name.startswith("_"):
            _warn_if_misspelt(name)
        super().__setattr__(name, value)


def _note_assignment(name: str, value: object, current: object) -> None:
    """Remember an assignment; one that puts back the value before it, as `mock.patch` does, undoes it."""
    before = _before.setdefault(name, [])
    if before and before[-1][0] is value:
        _, was_assigned = before.pop()
        if not was_assigned:
            _assigned.pop(name, None)
            return
    else:
        before.append((current, name in _assigned))
        del before[:-_MAX_BEFORE]
        if default_client is not None and value != current:
            cure = "assign it before the first call, or make a Client"
            logger().warning("setting_too_late", setting=name, cure=cure)
    _assigned[name] = value


def _warn_if_misspelt(name: str) -> None:
    """Log that an assigned name is not a setting. Upstream ignores such a name, so this must not raise."""
    meant = None if name in __all__ else nearest(name, _SETTINGS)
    if meant is not None:
        logger().warning("setting_ignored", setting=name, did_you_mean=meant)


sys.modules[__name__].__class__ = _Module
