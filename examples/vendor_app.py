"""Send the journeys of some people through a vendor's unmodified client, as before a migration.

    python examples/vendor_app.py segment.analytics.client  KEY HOST
    python examples/vendor_app.py customerio.analytics.client  KEY HOST

A message's id depends only on its position, so two runs with different clients send the same messages.
"""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from functools import partialmethod
from importlib import import_module
from typing import Any

import journeys
from people import live


class Numbered:
    """Replaces the `analytics` of `journeys`: passes each call to a client, with a messageId."""

    def __init__(self, client: Any, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._count = 0

    def _call(self, method: str, /, *args: Any, **kwargs: Any) -> None:
        self._count += 1
        kwargs.setdefault("message_id", f"{self._prefix}-{self._count:06}")
        getattr(self._client, method)(*args, **kwargs)

    identify = partialmethod(_call, "identify")
    track = partialmethod(_call, "track")
    page = partialmethod(_call, "page")
    screen = partialmethod(_call, "screen")
    group = partialmethod(_call, "group")


def main() -> int:
    """Send; return 0 if the client reported no failure."""
    parser = argparse.ArgumentParser(description="Send the journeys of some people through a vendor's client.")
    parser.add_argument("module", help="module of the vendor's Client")
    parser.add_argument("key")
    parser.add_argument("host")
    parser.add_argument("--people", type=int, default=60, help="number of people (default: %(default)s)")
    parser.add_argument("--until", type=datetime.fromisoformat, required=True, help="end of the journeys")
    options = parser.parse_args()
    failures: list[object] = []
    client = import_module(options.module).Client(
        options.key, host=options.host, on_error=lambda error, _messages: failures.append(error)
    )
    vars(journeys)["analytics"] = Numbered(client, f"acme-{options.until:%Y%m%dT%H%M}")
    for _ in live(options.people, seed=7, until=options.until):
        pass
    client.shutdown()
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
