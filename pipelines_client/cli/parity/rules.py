"""The rules and the history of `pipelines-client parity`: which files are used, and how a run is added."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipelines_client.cli.leaving import say

if TYPE_CHECKING:
    from pipelines_client.parity import ParityReport
    from pipelines_client.parity.rules import Rules


def choose_rules(given: Path | None) -> Rules:
    """Return the rules in the given file, else in parity.toml of the working directory, else the default rules.

    Raises:
        ConfigError: The file is missing or invalid.
    """
    from pipelines_client.parity.rules import RULES_FILE, Rules, read_rules

    default = Path(RULES_FILE)
    return Rules() if given is None and not default.exists() else read_rules(given or default)


def choose_history(given: Path | None, *, is_off: bool) -> Path | None:
    """Return the file of the history: the given one, else one in the working directory; None if it is off."""
    from pipelines_client.parity.judgement.runs import HISTORY_FILE

    if is_off:
        if given is not None:
            raise typer.BadParameter("--history cannot be combined with --no-history")
        return None
    if given is not None and not given.absolute().parent.is_dir():
        raise typer.BadParameter(f"{given}: its folder does not exist")
    return given or Path(HISTORY_FILE)


def keep_run(path: Path | None, report: ParityReport) -> None:
    """Add a line to the history. If that fails, a message says so and the verdict stays."""
    from pipelines_client.parity import append_run

    if path is None:
        return
    try:
        append_run(path, report)
    except OSError as error:
        say(
            f"{path}: this run was not added to the history ({error.strerror});"
            " choose another file with --history, or none with --no-history"
        )
