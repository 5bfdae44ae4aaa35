"""Options that the commands about the stage have in common, and what they all say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from pipelines_client.cli.common import flag, stage_poll_s, state_path
from pipelines_client.cli.leaving import BAD_INPUT, BAD_NEWS, leave, say
from pipelines_client.cutover.following import wait_for_processes
from pipelines_client.cutover.moving import BlockedError
from pipelines_client.wording import one_line

_SLACK_S = 2.5  # a busy process writes its run file once a second

FileOption = Annotated[
    Path | None,
    typer.Option(
        "--stage-file", metavar="FILE", envvar="PIPELINES_STAGE_FILE", help="The file that all processes watch."
    ),
]
WhyOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; the journal keeps it.")]
ByOption = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who, for the journal.", show_default="user@host")
]
StatesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--state-dir", metavar="DIR", envvar="PIPELINES_STATE_DIR", help="State directory of the processes. Repeatable."
    ),
]
ForceOption = Annotated[bool, flag("--force", "Change it in spite of what blocks it. Needs --reason.")]


def named(stage_file: Path | None) -> Path:
    """Return the stage file that was given; without one, leave."""
    if stage_file is None:
        leave(BAD_INPUT, "no stage file: give --stage-file, or set PIPELINES_STAGE_FILE")
    return stage_file.expanduser()


def states_of(given: list[Path] | None) -> list[Path]:
    """Return the state directories: those that are given, else the default one if it is there."""
    default = state_path(None)
    return expanded(given) or ([default] if default.is_dir() else [])


def expanded(given: list[Path] | None) -> list[Path]:
    """Return paths as a shell would have made them of `~`; a variable in a file keeps it."""
    return [state_path(path) for path in given or ()]


@contextmanager
def blocked() -> Iterator[None]:
    """Say what blocks a change, and leave."""
    try:
        yield
    except BlockedError as error:
        typer.echo("\n".join(["blocked by:", *(f"  {one_line(obstacle)}" for obstacle in error.obstacles)]), err=True)
        leave(BAD_NEWS, error.summary + ("; --force --reason WHY does it anyway" if error.can_be_forced else ""))


def say_who_follows(
    what: str, path: Path, states: Sequence[Path], *, tell: Callable[[str], object] = typer.echo
) -> None:
    """Say what changed, and which processes follow: each is named that does not, or was not heard.

    Args:
        what: What changed.
        path: The stage file.
        states: The state directories of the processes.
        tell: Says it, by default on standard output.
    """
    try:
        following = wait_for_processes(path, states, limit_s=stage_poll_s() + _SLACK_S)
    except KeyboardInterrupt:  # the change is made all the same
        tell(f"{what}; it is done, and whether the processes follow was not waited for (cutover status)")
        raise
    tell(f"{what}; {following}")
    for line in following.behind:
        say(f"not yet: {one_line(line)} (cutover status shows it)")
