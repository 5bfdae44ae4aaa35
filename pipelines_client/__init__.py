"""The drop-in face: `import pipelines_client as analytics` in place of `import segment.analytics as analytics`.

Settings are module variables, as upstream's are. One that was never assigned leaves the `PIPELINES_…` variable, and
then the default, to decide (`pipelines_client.config.Settings`). The client is made at the first call.
"""

from __future__ import annotations

import logging
import sys
import threading
import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipelines_client.calls import Taken
from pipelines_client.client import BeforeSend, Client, OnDelivery, OnError

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines_client.delivery.pipeline import FlushResult

__version__ = "0.1.0"

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
segment_integrations: Mapping[str, Any] | None = None
stage: str | None = None
share: float | None = None
salt: str | None = None
allow_commands: frozenset[str] | None = None
state_dir: str | Path | None = None
spool: str | None = None
spool_max_bytes: int | None = None
on_full: str | None = None
block_timeout_s: float | None = None
ledger_identity: str | None = None
ledger_key: str | None = None
max_body_bytes: int | None = None
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


def track(*args: Any, **kwargs: Any) -> Taken:
    """Say what someone did; see `Client.track`."""
    return _client().track(*args, **kwargs)


def identify(*args: Any, **kwargs: Any) -> Taken:
    """Say who someone is; see `Client.identify`."""
    return _client().identify(*args, **kwargs)


def group(*args: Any, **kwargs: Any) -> Taken:
    """Say which group someone belongs to; see `Client.group`."""
    return _client().group(*args, **kwargs)


def alias(*args: Any, **kwargs: Any) -> Taken:
    """Say that two ids are one person; see `Client.alias`."""
    return _client().alias(*args, **kwargs)


def page(*args: Any, **kwargs: Any) -> Taken:
    """Say which page someone saw; see `Client.page`."""
    return _client().page(*args, **kwargs)


def screen(*args: Any, **kwargs: Any) -> Taken:
    """Say which screen someone saw; see `Client.screen`."""
    return _client().screen(*args, **kwargs)


def flush(timeout: float | None = None) -> FlushResult:
    """Deliver what is there; see `Client.flush`."""
    return _client().flush(timeout)


def join() -> None:
    """Stop sending after the request in flight; see `Client.join`."""
    _client().join()


def shutdown(timeout: float | None = None) -> FlushResult:
    """Flush, then stop; see `Client.shutdown`."""
    return _client().shutdown(timeout)


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


class _Module(types.ModuleType):
    """Remembers which settings the application assigned: those win over the environment, a mere default does not."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _SETTINGS:
            _assigned[name] = value
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Module
