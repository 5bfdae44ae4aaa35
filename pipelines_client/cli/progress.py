"""Progress on a terminal: one bar at a time, removed at the end; nothing where the stream is not a terminal."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress, ProgressColumn, TaskID

_UPDATES_A_SECOND = 5


class ReadingHooks(NamedTuple):
    """What a comparison calls: `advance` with bytes read, `tell` with what it does now; None without a terminal."""

    advance: Callable[[int], object] | None = None
    tell: Callable[[str], object] | None = None


@contextmanager
def reading(stream: TextIO) -> Iterator[ReadingHooks]:
    """Show what a comparison does and how much evidence it has read."""
    if not stream.isatty():
        yield ReadingHooks()
        return
    from rich.progress import DownloadColumn, SpinnerColumn, TextColumn, TimeElapsedColumn, TransferSpeedColumn

    words = TextColumn("{task.description}")
    columns = (SpinnerColumn(), words, DownloadColumn(), TransferSpeedColumn(), TimeElapsedColumn())
    with _bar(stream, columns, "reading") as (bar, task):
        yield ReadingHooks(
            lambda count: bar.advance(task, count),
            lambda text: bar.update(task, description=text, refresh=True),
        )


@contextmanager
def sending(stream: TextIO) -> Iterator[Callable[[str, int, int | None], object]]:
    """Show how far a replay or a backfill is."""
    if not stream.isatty():
        yield lambda *_: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(None), MofNCompleteColumn(), TimeRemainingColumn())
    with _bar(stream, columns, "choosing") as (bar, task):

        def update(phase: str, done: int, total: int | None) -> None:
            words = "choosing, bytes read" if phase == "read" else "sending"
            bar.update(task, description=words, completed=done, total=total)

        yield update


@contextmanager
def _bar(stream: TextIO, columns: tuple[ProgressColumn, ...], words: str) -> Iterator[tuple[Progress, TaskID]]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(file=stream)
    with Progress(*columns, console=console, transient=True, refresh_per_second=_UPDATES_A_SECOND) as bar:
        yield bar, bar.add_task(words, total=None)
