"""How a command ends: an exit code, and on standard error one line that says why.

A command calls `leave`. `explained` surrounds all commands, once, in `app`: it does the same for what they raise.
`guarded` surrounds the whole program, for what typer itself raises before and after a command.

`BAD_INPUT` promises that nothing was sent. A command that sends calls `begin`, and from then on all that stops it
leaves with `BAD_NEWS`: a full disk, or a standard output that cannot be written.
"""

from __future__ import annotations

import sqlite3
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NoReturn

from pipelines_client.errors import PipelinesError
from pipelines_client.wording import one_line

GOOD, BAD_NEWS, BAD_INPUT, INCONCLUSIVE, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 70, 130
"""The exit codes of all commands. `INTERNAL` is a mistake in this program (`EX_SOFTWARE`), so it says nothing else."""

_has_begun: ContextVar[bool] = ContextVar("has_begun", default=False)
_GOES_ON = "; some may have been sent: run it again to go on"
_EXTRAS: Mapping[str, str] = {
    **dict.fromkeys(("typer", "rich", "tomlkit"), "cli"),
    **dict.fromkeys(("yaml", "jsonschema_rs", "jinja2"), "plan"),
    **dict.fromkeys(("starlette", "uvicorn"), "sandbox"),
    "stdnum": "privacy",
}
"""The smallest extra that has a package, by the name that it is imported by; all others are in `parity`."""


def say(text: str) -> None:
    """Write one line to standard error."""
    sys.stderr.write(f"pipelines-client: {text}\n")


def begin() -> None:
    """Say that from now on the command may have sent something."""
    _has_begun.set(True)


def leave(code: int, text: str = "") -> NoReturn:
    """End the command with an exit code, and say why if there is something to say.

    Bad input becomes bad news once the command has begun to send.
    """
    if code == BAD_INPUT and _has_begun.get():
        code, text = BAD_NEWS, text and text + _GOES_ON
    if text:
        say(text)
    raise SystemExit(code) from None


@contextmanager
def explained() -> Iterator[None]:
    """Turn what stops a command into one line and an exit code; a stopped command never ends like a verdict."""
    _has_begun.set(False)
    try:
        yield
    except PipelinesError as error:
        leave(BAD_INPUT, one_line(error))
    except ModuleNotFoundError as error:
        leave_for_package(error)
    except OSError as error:
        leave(BAD_INPUT, one_line(f"{error.filename or 'the system'}: {error.strerror or error}"))
    except MemoryError:
        leave(BAD_INPUT, "not enough memory; give it fewer days at a time")
    except KeyboardInterrupt:
        leave(INTERRUPTED, "interrupted")
    except Exception as error:
        if hasattr(error, "exit_code"):  # typer's own: it shows how the command is used
            raise
        _leave_for_mistake(error)


@contextmanager
def guarded() -> Iterator[None]:
    """End the program with a code that no verdict has, whatever is raised outside of a command.

    Some versions of typer fail while they show how a command is used: the usage error is then said in one line.
    """
    try:
        yield
    except KeyboardInterrupt:
        leave(INTERRUPTED, "interrupted")
    except Exception as error:  # noqa: BLE001 - said, and left with a code that says so
        usage = _usage_error(error)
        if usage is None:
            _leave_for_mistake(error)
        leave(usage.exit_code, one_line(usage.format_message()))


def _usage_error(error: BaseException | None) -> Any:
    """Return the usage error that was being shown when this one was raised, or None."""
    while error is not None and not (hasattr(error, "exit_code") and hasattr(error, "format_message")):
        error = error.__context__
    return error


def _leave_for_mistake(error: Exception) -> NoReturn:
    traceback.print_exc()
    leave(INTERNAL, f"internal error ({type(error).__name__}): please report it")


@contextmanager
def writing(state_dir: Path, code: int = BAD_INPUT) -> Iterator[None]:
    """Say what to do if a state directory cannot be written, and leave with `code`."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        name = error.filename if isinstance(error, OSError) else None
        if name is not None and not Path(str(name)).is_relative_to(state_dir):
            raise
        why = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        leave(
            code,
            f"{state_dir} cannot be written ({why}): make room or give this user the right, then run it again",
        )


def leave_for_package(error: ModuleNotFoundError) -> NoReturn:
    """End the command because an extra is not installed, and say which."""
    package = str(error.name).partition(".")[0]
    extra = _EXTRAS.get(package, "parity")
    leave(BAD_INPUT, f"the package {package} is missing: pip install 'pipelines-client[{extra}]'")
