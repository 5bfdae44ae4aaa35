"""What commands share: where the state is, the settings of the environment, and standard output."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines_client.state.held import default_state_dir

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines_client.config import Settings

StateDirOption = Annotated[
    Path | None,
    typer.Option("--state-dir", metavar="DIR", envvar="PIPELINES_STATE_DIR", help="The client's state directory."),
]


def flag(name: str, text: str) -> Any:
    """Return an option that takes no value, so its help shows no type."""
    return typer.Option(name, metavar="", help=text)


JsonOption = Annotated[bool, flag("--json", "Print JSON.")]


def state_path(given: Path | None) -> Path:
    """Return the state directory that a command works on."""
    return given.expanduser() if given else default_state_dir()


def settings_for(given: Path | None) -> Settings:
    """Read the settings of the environment for a state directory, and check keys and stage.

    Raises:
        ConfigError: They cannot be right.
    """
    from pipelines_client.config import Settings

    settings = Settings.load(state_dir=given)
    settings.destinations()
    settings.plan()
    return settings


def refuse_unwritable(paths: Iterable[Path]) -> None:
    """Refuse files that cannot be written, by opening them; one that was not there is not there afterwards either.

    Raises:
        typer.BadParameter: Names the file, and why.
    """
    for path in paths:
        try:
            is_new = not os.path.lexists(path)
            if path.is_fifo():  # opening one waits for its reader
                continue
            path.open("ab").close()
            if is_new:
                path.unlink()
        except OSError as error:
            raise typer.BadParameter(f"{path}: it cannot be written ({error.strerror}); name another file") from None


def print_text(text: str) -> None:
    """Write to standard output in any encoding; a reader that has closed the pipe is not an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that is not UTF-8 must not turn a report into a traceback
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # `… | head`: the reader has enough, and the exit code still gives the verdict.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
