"""The sources of `pipelines-client parity`: paths and column maps."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines_client.errors import SourceError
from pipelines_client.files import read_given

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NO_COMMAND = "replay-list"  # the name of an option that people try as a command


MapOption = Annotated[
    Path | None, typer.Option("--map", metavar="FILE", help="TOML file with the column names of tables.")
]


def collect_paths(given: Mapping[str, list[str] | None], paths: Iterable[str]) -> dict[str, list[str]]:
    """Return the paths by source: those of the options, and those whose kind is recognised.

    Raises:
        SourceError: The kind of a path is not recognised.
    """
    from pipelines_client.evidence.recognise import sort_paths

    sources = {name: list(some) for name, some in given.items() if some}
    texts = list(paths)
    if texts and texts[0] == _NO_COMMAND and not Path(texts[0]).exists():
        raise SourceError(f"there is no command {_NO_COMMAND}; add the option --{_NO_COMMAND} FILE to a comparison")
    for name, some in sort_paths(texts).items():
        sources.setdefault(name, []).extend(some)
    return sources


def read_maps(texts: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the column maps in TOML files by source; the one under '' is for all other sources.

    Raises:
        SourceError: A file is not valid TOML.
    """
    maps: dict[str, dict[str, Any]] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals or Path(text).exists():
            name, path = "", text
        if name in maps:
            raise typer.BadParameter(
                f"two --map for {name or 'all tables'}; write SOURCE=FILE for the map of one source"
            )
        maps[name] = read_map(Path(path))
    return maps


def given_map(path: Path | None) -> dict[str, Any] | None:
    """Return the column map that a `MapOption` names; None if it was not given.

    Raises:
        SourceError: The file is not valid TOML.
    """
    return None if path is None else read_map(path)


def read_map(path: Path) -> dict[str, Any]:
    """Return the column map in a TOML file.

    Raises:
        SourceError: The file is not valid TOML.
    """
    return read_toml(path, 'a column map has lines such as event = "event_name"')


def read_toml(path: Path, example: str) -> dict[str, Any]:
    """Return the values of a TOML file.

    Raises:
        SourceError: The file is not valid TOML; the text ends with the example.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(read_given(path).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: not valid TOML ({error}); {example}") from None
