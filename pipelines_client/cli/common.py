"""What commands share: where the state is, and how they leave."""

from __future__ import annotations

import io
import os
import sys
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import platformdirs
import typer

from pipelines_client.errors import PipelinesError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines_client.config import Settings

UNFINISHED, BAD_INPUT, INTERRUPTED = 1, 2, 130

StateDirOption = Annotated[
    Path | None,
    typer.Option("--state-dir", metavar="DIR", envvar="PIPELINES_STATE_DIR", help="The client's state directory."),
]


def flag(name: str, text: str) -> Any:
    """Return an option that is given or not: it takes no value, so its help names no type of one."""
    return typer.Option(name, metavar="", help=text)


def state_path(given: Path | None) -> Path:
    """Return the state directory that a command is about."""
    return given or Path(platformdirs.user_state_dir("pipelines-client"))


def settings_for(given: Path | None) -> Settings:
    """Read the settings of the environment, for a state directory; leave with a clear word if they cannot be right."""
    from pipelines_client.config import Settings

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


def print_text(text: str) -> None:
    """Write to standard output, whatever its encoding, and be content if its reader has had enough."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that is not UTF-8 must not turn a report into a traceback
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # `… | head`: the reader has enough, and the exit code still tells the verdict.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def explained(command: str) -> Iterator[None]:
    """Say in one line what stopped a command, and leave with a code that is no verdict: 2, or 130 if interrupted."""
    try:
        yield
    except (typer.BadParameter, typer.Exit):
        raise
    except ModuleNotFoundError:
        _stop(command, "it needs more packages: pip install 'pipelines-client[parity]'")
    except PipelinesError as error:
        _stop(command, _plain(error))
    except OSError as error:
        _stop(command, _plain(f"{error.filename or 'the system'}: {error.strerror or error}"))
    except MemoryError:
        _stop(command, "there is not enough memory; give it fewer days at a time")
    except KeyboardInterrupt:
        _stop(command, "interrupted", INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - a crash must not leave with the exit code of a verdict
        traceback.print_exc()
        _stop(command, f"stopped by a mistake of its own ({type(error).__name__}): please report it")


def _plain(text: object) -> str:
    from pipelines_client.parity.spell import one_line

    return one_line(text)


def _stop(command: str, text: str, code: int = BAD_INPUT) -> NoReturn:
    typer.echo(f"pipelines-client {command}: {text}", err=True)
    raise typer.Exit(code) from None
