"""What `pipelines-client parity` judges by, and where it keeps what it came to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pipelines_client.parity import ParityReport
    from pipelines_client.parity.rules import Rules


def choose_rules(given: Path | None) -> Rules:
    """Return the rules in the file given, else those in the working directory's, else the usual ones.

    Raises:
        ConfigError: The file says what no rule says, or the one given is not there.
    """
    from pipelines_client.parity.rules import RULES_FILE, Rules, read_rules

    usual = Path(RULES_FILE)
    if given is None and not usual.exists():
        return Rules()
    return read_rules(given or usual)


def choose_history(given: Path | None, *, is_off: bool) -> Path | None:
    """Return the file that keeps the history: the one given, else one in the working directory; None for none."""
    from pipelines_client.parity.judgement.runs import HISTORY_FILE

    if is_off:
        if given is not None:
            raise typer.BadParameter("--history is the opposite of --no-history")
        return None
    if given is not None and not given.absolute().parent.is_dir():
        raise typer.BadParameter(f"{given}: its folder does not exist")
    return given or Path(HISTORY_FILE)


def keep_run(path: Path | None, report: ParityReport) -> None:
    """Add a line to the history. That it cannot be written is said, and takes nothing from the report's verdict."""
    from pipelines_client.parity import append_run

    if path is None:
        return
    try:
        append_run(path, report)
    except OSError as error:
        typer.echo(
            f"pipelines-client parity: {path}: this run is not in the history ({error.strerror});"
            " --history names another file, --no-history keeps none",
            err=True,
        )
