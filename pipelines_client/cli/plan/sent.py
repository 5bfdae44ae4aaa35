"""What the commands of `plan` read that was sent: files, archives, dead letters, standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from pipelines_client.cli.leaving import say
from pipelines_client.cli.parity.sources import MapOption, given_map

if TYPE_CHECKING:
    from collections.abc import Callable

_STDIN = "-"


class SentLine(NamedTuple):
    """A message and where it lies; None if the line cannot be read."""

    place: str
    call: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentOptions:
    """Options that say where the messages are."""

    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH...",
            help="Segment's archive, files of calls, Customer.io's storage files; `-`: calls as JSON lines.",
        ),
    ] = None
    dead_letters: Annotated[
        Path | None,
        typer.Option("--dead-letters", metavar="DIR", help="Also the dead letters of this state directory."),
    ] = None
    column_map: MapOption = None


def sent_lines(asked: SentOptions, advance: Callable[[int], object] | None) -> Iterator[SentLine]:
    """Yield the messages, one after the other.

    Raises:
        SourceError: A path does not exist, or its kind holds no calls.
        typer.BadParameter: Nothing was named.
    """
    paths = list(asked.paths or ())
    if not paths and asked.dead_letters is None:
        raise typer.BadParameter("name files of calls, an archive, `-` for standard input, or --dead-letters DIR")
    files = [path for path in paths if path != _STDIN]
    if files:
        yield from _in_files(files, asked, advance)
    if _STDIN in paths:
        yield from _in_stdin()
    if asked.dead_letters is not None:
        yield from _in_letters(asked.dead_letters)


def _in_files(files: list[str], asked: SentOptions, advance: Callable[[int], object] | None) -> Iterator[SentLine]:
    from pipelines_client.evidence.calls import calls_in

    for found in calls_in(files, given_map(asked.column_map), advance=advance):
        if found.message_id is None:  # a ledger's line names a message and does not hold it
            yield SentLine(found.place, found.call)


def _in_stdin() -> Iterator[SentLine]:
    from pipelines_client.evidence.lines import object_in
    from pipelines_client.evidence.nesting import is_deeper

    for number, line in enumerate(sys.stdin.buffer, 1):
        if line.strip():
            yield SentLine(f"line {number}", None if is_deeper(line) else object_in(line))


def _in_letters(state_dir: Path) -> Iterator[SentLine]:
    from pipelines_client.state.dead_letters import read_dead_letters
    from pipelines_client.state.layout import existing

    def tell(file: Path) -> None:
        say(f"{file} is cut or damaged; the letters before that place were read")

    for letter in read_dead_letters(existing(state_dir).dead_letters, unreadable=tell):
        body = letter.opened()["body"]
        yield SentLine(f"dead letter {letter.letter}", body if isinstance(body, dict) else None)
