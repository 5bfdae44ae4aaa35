"""What commands share: where the state is, the settings of the environment, and standard output."""

from __future__ import annotations

import io
import os
import shutil
import sys
import textwrap
import time
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines_client.clock import utc_now
from pipelines_client.state.held import default_state_dir

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipelines_client.config import Settings

StateDirOption = Annotated[
    Path | None,
    typer.Option("--state-dir", metavar="DIR", envvar="PIPELINES_STATE_DIR", help="The client's state directory."),
]


_DEFAULT_POLL_S = 5.0
_START_FIELD = 19  # of /proc/self/stat, after the name: ticks from the boot to the start
_begun_at: ContextVar[datetime | None] = ContextVar("begun_at", default=None)


@contextmanager
def program() -> Iterator[None]:
    """Run a command as the whole program: it means what was there when that was started, however long it loads."""
    token = _begun_at.set(process_began_at())
    try:
        yield
    finally:
        _begun_at.reset(token)


def begun_at() -> datetime | None:
    """Return when the program was started; None if the command was called from another program."""
    return _begun_at.get()


def process_began_at() -> datetime:
    """Return when this process was started, as the system has it; now where it does not say."""
    now = utc_now()
    try:
        fields = Path("/proc/self/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[_START_FIELD]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):  # not Linux
        return now
    return now - timedelta(seconds=max(0.0, age_s))


def stage_poll_s() -> float:
    """Return the seconds within which processes follow the stage file, as far as the environment says."""
    try:
        given = float(os.environ.get("PIPELINES_STAGE_POLL_S", _DEFAULT_POLL_S))
    except ValueError:
        return _DEFAULT_POLL_S
    return given if 0 <= given < float("inf") else _DEFAULT_POLL_S


def flag(name: str, text: str) -> Any:
    """Return an option that takes no value, so its help shows no type."""
    return typer.Option(name, metavar="", help=text)


JsonOption = Annotated[bool, flag("--json", "Print JSON.")]


def state_path(given: Path | None) -> Path:
    """Return the state directory that a command works on."""
    return given.expanduser() if given else default_state_dir()


def settings_for(given: Path | None) -> Settings:
    """Read the settings of the environment and what the application keeps for them; check keys and stage.

    Raises:
        ConfigError: They cannot be right.
    """
    from pipelines_client.config import Settings

    settings = Settings.load(state_dir=given).with_kept()
    settings.destinations()
    settings.stage_plan()
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


def folded(text: str, columns: int) -> str:
    """Return a text whose lines are broken between words, the rest of a line a little further in than its beginning."""
    return "".join(_folded(line, columns) for line in text.splitlines(keepends=True))


def _folded(line: str, columns: int) -> str:
    content = line.rstrip("\n")
    if len(content) <= columns:
        return line
    margin = content[: len(content) - len(content.lstrip())]
    pieces = textwrap.wrap(
        content,
        columns,
        subsequent_indent=f"{margin}  ",
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
    return "\n".join(pieces) + line[len(content) :]


def print_text(text: str, *, is_prose: bool = False) -> None:
    """Write to standard output in any encoding; a reader that has closed the pipe is not an error.

    On a terminal, lines of prose that are too long for it are broken between words.
    """
    if is_prose and sys.stdout.isatty():
        text = folded(text, shutil.get_terminal_size().columns)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that is not UTF-8 must not turn a report into a traceback
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # `… | head`: the reader has enough, and the exit code still gives the verdict.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
