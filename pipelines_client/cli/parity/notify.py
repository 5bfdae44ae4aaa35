"""Notifications of `pipelines-client parity`. A failed notification is reported and does not change the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines_client.cli.leaving import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines_client.parity import ParityReport
    from pipelines_client.parity.notify import Receiver


def find_receivers(addresses: Sequence[str] | None) -> list[Receiver]:
    """Return the receivers. This runs before the work, so that a misspelled address is found at once.

    Raises:
        ConfigError: An address cannot be used.
    """
    if not addresses:
        return []
    from pipelines_client.parity.notify import read_receivers

    return read_receivers(addresses)


def notify_receivers(
    report: ParityReport, receivers: Sequence[Receiver], state: Path | None, history: Path | None
) -> None:
    """Notify the receivers if the verdict is news, and print on standard error what failed."""
    if not receivers:
        return
    from pipelines_client.parity.notify import STATE_FILE, notify

    beside = Path(STATE_FILE) if history is None else history.with_name(STATE_FILE)
    for problem in notify(report, receivers, state or beside):
        say(problem)
