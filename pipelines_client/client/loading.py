"""Import what a client needs when it is made, and read its settings."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

from pipelines_client.log import load_structlog

if TYPE_CHECKING:
    from pipelines_client.config import Settings


def load_settings(given: dict[str, Any]) -> Settings:
    """Return the settings, and have imported all that calls and senders need."""
    from pipelines_client.config import Settings

    _import_all()
    return Settings.load(**given)


@functools.cache
def _import_all() -> None:
    """Import what calls and senders need later.

    If a process forks while another thread imports, the child inherits an import lock that stays locked.
    """
    import encodings.idna  # the first look-up of a host needs it
    import encodings.unicode_escape  # noqa: F401 - the first look at the mounts needs it

    import dateutil.parser  # noqa: F401
    import rfc8785  # noqa: F401
    import segment.analytics.request  # noqa: F401

    from pipelines_client.delivery import metrics

    metrics.load()
    load_structlog()


def start_logging(log: logging.Logger, handler: logging.Handler | None, *, is_debugging: bool) -> None:
    """Add the application's handler to our log; say all on the terminal while debugging, unless a handler is there."""
    if handler:
        log.addHandler(handler)
    if is_debugging:
        log.setLevel(logging.DEBUG)
        if not handler and not log.handlers:
            log.addHandler(logging.StreamHandler())
