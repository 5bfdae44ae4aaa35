"""What `replay` and `backfill` share: their options, their progress and their summary."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, cast

import typer

from pipelines_client.cli.common import StateDirOption, flag, print_text
from pipelines_client.cli.leaving import begin, leave, writing
from pipelines_client.cli.parity.options import span
from pipelines_client.cli.progress import sending
from pipelines_client.cli.reserved import AllowCommandOption
from pipelines_client.cli.stopping import stopping_in_order
from pipelines_client.clock import utc_now
from pipelines_client.files import private_file
from pipelines_client.log import LOGGER_NAME

if TYPE_CHECKING:
    from pipelines_client.config import Settings
    from pipelines_client.history import Refusal, RunOptions, Summary
    from pipelines_client.sides import Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendOptions:
    """Options of both commands; None is an option that was not given."""

    state_dir: StateDirOption = None
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Only messages with 'event=Order Completed', 'properties.total>100', 'userId~@': = != ~ !~ < <= > >=. "
            "Repeatable.",
        ),
    ] = None
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only messages at or after this time: 2026-11-02, 24h, 7d.")
    ] = None
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Only what happened before then.")] = None
    rate: Annotated[float, typer.Option(min=0, metavar="N", help="The most messages a second; 0 means no limit.")] = (
        1_000.0
    )
    horizon_days: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="DAYS", help="Skip messages older than this many days.", show_default="395, about 13 months"
        ),
    ] = None
    allow_command: AllowCommandOption = None
    dry_run: Annotated[bool, flag("--dry-run", "Choose and count; send nothing.")] = False
    again: Annotated[bool, flag("--again", "Send messages again even if the ledger says they were accepted.")] = False
    skip_stale: Annotated[
        bool, flag("--skip-stale", "Leave out identify calls older than one of the same person that was accepted.")
    ] = False
    resend_unknown: Annotated[
        bool, flag("--resend-unknown", "Send although the ledger cannot be read whole: some may arrive twice.")
    ] = False
    patience: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Give up after this long without success.")
    ] = 600.0
    refused: Annotated[
        Path | None, typer.Option(metavar="FILE", help="List every message that is not sent, and why, as JSON lines.")
    ] = None
    as_json: Annotated[bool, flag("--json", "Print the summary as JSON.")] = False

    def options(self, **hooks: Any) -> RunOptions:
        """Return the options of the library; `hooks` are what a run calls."""
        from pipelines_client.history import RunOptions

        first, last = span(self.since, self.until, now=utc_now())
        if self.horizon_days is not None:
            hooks["horizon_days"] = self.horizon_days
        return RunOptions(
            rate=self.rate or None,
            where=self.where or (),
            since=first,
            until=last,
            allow_commands=frozenset(self.allow_command or ()),
            is_dry_run=self.dry_run,
            again=self.again,
            skip_stale=self.skip_stale,
            resend_unknown=self.resend_unknown,
            patience_s=self.patience,
            **hooks,
        )


def side_of(text: str) -> Leg:
    """Return the side that `--to` names."""
    if text not in ("customerio", "segment"):
        raise typer.BadParameter("--to must be customerio or segment")
    return cast("Leg", text)


def run(given: ResendOptions, work: Callable[[Settings, RunOptions], Summary]) -> None:
    """Run it with progress, print the summary and leave with its exit code."""
    from pipelines_client.config import Settings

    settings = Settings.load(state_dir=given.state_dir)
    with (
        writing(settings.state_dir),
        _quiet_log(),
        _listing(given.refused) as listed,
        sending(sys.stderr) as show,
        stopping_in_order(),
    ):

        def on_progress(phase: str, done: int, total: int | None) -> None:
            if phase == "send":
                listed.flush()
                begin()
            show(phase, done, total)

        summary = work(settings, given.options(on_refused=listed.note, on_progress=on_progress))
        listed.flush()
    if given.as_json:
        print_text(json.dumps(summary.as_dict(), indent=2) + "\n")
    else:
        _print(summary, given.refused)
    leave(summary.exit_code)


@contextmanager
def _quiet_log() -> Iterator[None]:
    """Silence the log, which would tear the progress bar; the summary says the same."""
    log = logging.getLogger(LOGGER_NAME)
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


class _RefusedList:
    """The list of what is not sent, in a file that only its owner can read; without a file it is kept nowhere."""

    def __init__(self, path: Path | None, file: BinaryIO | None) -> None:
        self._path, self._file = path, file

    def note(self, refusal: Refusal) -> None:
        """Add a line; see `flush`."""
        if self._file is not None:
            with self._named():
                self._file.write(json.dumps(refusal._asdict()).encode() + b"\n")

    def flush(self) -> None:
        """Have all of it on the disk, before anything is sent.

        Raises:
            OSError: It cannot be written; names the file.
        """
        if self._file is not None:
            with self._named():
                self._file.flush()

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from None


@contextmanager
def _listing(path: Path | None) -> Iterator[_RefusedList]:
    if path is None:
        yield _RefusedList(None, None)
        return
    with private_file(path) as file:
        yield _RefusedList(path, file)


def _print(summary: Summary, refused: Path | None) -> None:
    from rich.console import Console

    from pipelines_client.history.summary import lines_of

    console = Console(highlight=False)
    for line in lines_of(summary):
        console.print(line, markup=False, soft_wrap=True)
    if summary.refused and refused is None:
        console.print("to list every message that is not sent: --refused FILE", markup=False)
    elif refused is not None:
        console.print(f"{summary.refused.total():,} that are not sent: see {refused}", markup=False, soft_wrap=True)
