"""When a client sends nothing at all: it is switched off, has an empty key, or would send from a test."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from pipelines_client.errors import SentFromTestError
from pipelines_client.log import logger

if TYPE_CHECKING:
    from pipelines_client.config import Settings

NO_KEY = "no_write_key"
_NO = ("false", "0", "no", "off", "f", "n")
_TEST_RUN = ("PYTEST_CURRENT_TEST", "PYTEST_VERSION")


def silence(given: dict[str, Any]) -> tuple[bool, bool]:
    """Return whether a client sends nothing, and whether that is because it has no key; change its settings so.

    `PIPELINES_SEND=false` is the only variable that wins over code: tests rely on it. Upstream's client takes an empty
    text as its key, so no call raises for it, and an error is logged.
    """
    key = given["write_key"]
    lacks_key = isinstance(key, str) and not key.strip()
    if lacks_key:
        given["write_key"] = "none"
        logger().error(
            "nothing_is_sent", reason="write_key is an empty text", cure="set write_key to Customer.io's key"
        )
    is_silent = lacks_key or os.environ.get("PIPELINES_SEND", "").strip().lower() in _NO
    if is_silent:
        given["send"] = False
    return is_silent, lacks_key


def check_test_run(settings: Settings) -> None:
    """Refuse to send out of a pytest run to a host that is not on this machine.

    Raises:
        SentFromTestError: The text names the host and the cure.
    """
    if settings.send_in_tests or not _is_test_run():
        return
    from pipelines_client.destinations.proxies import is_loopback

    for destination in settings.destinations():
        if not is_loopback(destination.url):
            raise SentFromTestError(
                f"a test would send to {destination.host}: use the fixture `sandbox`, set PIPELINES_SEND=false, or "
                "allow it with PIPELINES_SEND_IN_TESTS=true (docs/testing.md)"
            )


def _is_test_run() -> bool:
    """Whether pytest runs in this process or started it: its variables say so, and here our plugin as well."""
    plugin = sys.modules.get("pipelines_client.testing")  # not imported: it needs pytest
    return any(name in os.environ for name in _TEST_RUN) or getattr(plugin, "runs", 0) > 0
