"""The drop-in face: `import pipelines_client as analytics` in place of `import segment.analytics as analytics`.

Settings are module variables, as upstream's are. One that was never assigned leaves the `PIPELINES_…` variable, and
then the default, to decide (`pipelines_client.config.Settings`). The client is made at the first call.
"""

from __future__ import annotations

import functools
import inspect
import logging
import os
import sys
import threading
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from pipelines_client.client.client import BeforeSend, Client, OnDelivery, OnError

if TYPE_CHECKING:
    from pathlib import Path

__version__ = VERSION = "0.1.0"

# Upstream's settings, with upstream's meaning, but that write_key and host are Customer.io's
write_key: str | None = None
host: str | None = None
on_error: OnError | None = None
debug: bool = False
log_handler: logging.Handler | None = None
send: bool = True
sync_mode: bool = False
max_queue_size: int | None = None
gzip: bool = False
timeout: float = 15
max_retries: int = 10
proxies: Mapping[str, str] | None = None
thread: int = 1
upload_size: int | None = None
upload_interval: float = 0.5
oauth_client_id: str | None = None
oauth_client_key: str | None = None
oauth_key_id: str | None = None
oauth_auth_server: str = "https://oauth2.segment.io"
oauth_scope: str = "tracking_api:write"

# Our own settings
region: str | None = None
segment_write_key: str | None = None
segment_host: str | None = None
segment_region: str | None = None
segment_integrations: Mapping[str, Any] | str | None = None
stage: str | None = None
share: float | None = None
salt: str | None = None
customerio_switch: str | None = None
segment_switch: str | None = None
stage_file: str | Path | None = None
stage_poll_s: float | None = None
allow_commands: frozenset[str] | None = None
state_dir: str | Path | None = None
spool: str | None = None
spool_max_bytes: int | None = None
on_full: str | None = None
block_timeout_s: float | None = None
ledger_identity: str | None = None
ledger_key: str | None = None
max_body_bytes: int | None = None
max_requests_per_s: float | None = None
max_message_bytes: int | None = None
ca_bundle: str | Path | None = None
flush_timeout_s: float | None = None
exit_timeout_s: float | None = None
retry_base_s: float | None = None
retry_cap_s: float | None = None
pause_s: float | None = None
unhealthy_after_s: float | None = None
on_delivery: OnDelivery | None = None
before_send: BeforeSend | None = None

default_client: Client | None = None

_SETTINGS = frozenset(__annotations__) - {"default_client"}
_assigned: dict[str, Any] = {}
_making = threading.Lock()

__all__ = ["Client", "alias", "flush", "group", "identify", "join", "page", "screen", "shutdown", "track"]


_P = ParamSpec("_P")
_R = TypeVar("_R")


def _face(method: Callable[Concatenate[Any, _P], _R]) -> Callable[_P, _R]:
    """Return a module-level function with a method's name, types and docstring, that calls the one client's."""
    name = method.__name__

    @functools.wraps(method)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        result: _R = getattr(_client(), name)(*args, **kwargs)
        return result

    signature = inspect.signature(method)
    call.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]  # what `help` shows, without self
    call.__module__, call.__qualname__ = __name__, name
    return call


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
    """Return the one client, made of the settings at the first call, however many threads come first."""
    global default_client  # noqa: PLW0603 - upstream's name, which code and tests set
    client = default_client
    if client is None:
        with _making:
            client = default_client
            if client is None:
                client = default_client = Client(**_assigned)
    return client


def _renew_lock() -> None:
    """In a forked child: another thread of the parent may have held it."""
    global _making  # noqa: PLW0603 - a lock cannot be released by whoever did not take it
    _making = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class _Module(types.ModuleType):
    """Remembers which settings the application assigned: those win over the environment, a mere default does not."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _SETTINGS:
            _assigned[name] = value
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Module
