"""What commands share: where the state is, and how they leave."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import platformdirs
import typer

from pipelines_client.config import Settings
from pipelines_client.errors import PipelinesError

UNFINISHED, BAD_INPUT = 1, 2

StateDirOption = Annotated[
    Path | None,
    typer.Option("--state-dir", envvar="PIPELINES_STATE_DIR", help="The client's state directory."),
]


def state_path(given: Path | None) -> Path:
    """Return the state directory that a command is about."""
    return given or Path(platformdirs.user_state_dir("pipelines-client"))


def settings_for(given: Path | None) -> Settings:
    """Read the settings of the environment, for a state directory; leave with a clear word if they cannot be right."""
    try:
        settings = Settings.load(state_dir=given)
        settings.destinations()
        settings.plan()
    except PipelinesError as error:
        leave(str(error))
    return settings


def unwritable(path: Path, error: Exception) -> str:
    """Say that a state directory cannot be used, and what to do."""
    why = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
    return f"{path} cannot be written ({why}): make room or give this user the right, then run it again"


def leave(text: str, code: int = BAD_INPUT) -> NoReturn:
    """Say what is wrong on standard error and end."""
    typer.echo(f"pipelines-client: {text}", err=True)
    raise typer.Exit(code) from None
