"""Whom `pipelines-client parity` tells of its verdict. A failure to tell is said, and changes no exit code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines_client.parity import ParityReport
    from pipelines_client.parity.notify import Receiver


def who_is_told(addresses: Sequence[str] | None) -> list[Receiver]:
    """Return the receivers; read before the work is done, so that a misspelled address is found at once.

    Raises:
        ConfigError: One cannot be used.
    """
    if not addresses:
        return []
    from pipelines_client.parity.notify import read_receivers

    return read_receivers(addresses)


def tell(report: ParityReport, receivers: Sequence[Receiver], state: Path | None, history: Path | None) -> None:
    """Tell the receivers what is news to them, and say on standard error what did not work."""
    if not receivers:
        return
    from pipelines_client.parity.notify import STATE_FILE, notify

    beside = Path(STATE_FILE) if history is None else history.with_name(STATE_FILE)
    for problem in notify(report, receivers, state or beside):
        typer.echo(f"pipelines-client parity: {problem}", err=True)
