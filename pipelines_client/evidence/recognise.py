"""Which kind of evidence is at a path: by its folders and file names, else by its first readable line."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pipelines_client.errors import SourceError
from pipelines_client.evidence.count_apis import APIS
from pipelines_client.evidence.files.open import is_remote
from pipelines_client.evidence.files.rows import read_rows
from pipelines_client.evidence.kinds import KINDS
from pipelines_client.evidence.kinds.base import Kind, within
from pipelines_client.evidence.lines import object_in
from pipelines_client.evidence.listing import list_files
from pipelines_client.evidence.naming import COUNTS, split_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipelines_client.evidence.fact import Fact

_FILES_OPENED = 5
_LINES_TRIED = 20


def sort_paths(texts: Iterable[str]) -> dict[str, list[str]]:
    """Return paths by the source that each speaks for, each with its kind before it.

    Raises:
        SourceError: The kind of a path cannot be recognised.
    """
    by_source: dict[str, list[str]] = {}
    for text in texts:
        if text.partition(":")[0] in APIS:
            by_source.setdefault(COUNTS, []).append(text)
            continue
        named, path = split_kind(text)
        kind = recognise(path) if named is None else KINDS[named]
        by_source.setdefault(kind.sources[0], []).append(f"{kind.name}:{path}")
    return by_source


def recognise(path: str) -> type[Kind]:
    """Return the kind of evidence at a path.

    Raises:
        SourceError: There is no such path, or no kind recognises it.
    """
    kind = _by_folder(path) or _by_files(path)
    if kind is None:
        known = ", ".join(f"{name}:" for name in KINDS)
        raise SourceError(f"{path}: the kind of this evidence cannot be recognised; write it before the path: {known}")
    return kind


def refuse_other_kind(kind: Kind, location: str, line: int, data: bytes) -> None:
    """Refuse a line that looks like another kind than the one the user named.

    Raises:
        SourceError: With the option that accepts it.
    """
    other = _kind_of_line(data, asked=type(kind))
    if other is None or kind.takes_any_line or isinstance(kind, other):
        return
    option = f"--{other.sources[0]}"
    cure = option if other.name == other.sources[0] else f"{option} {other.name}:PATH"
    raise SourceError(f"{location}:{line}: this is {other.title}, given as --{kind.source}; pass it as {cure}")


def _by_folder(path: str) -> type[Kind] | None:
    folder = Path(path)
    return None if is_remote(path) else next((kind for kind in KINDS.values() if kind.recognises_folder(folder)), None)


def _by_files(path: str) -> type[Kind] | None:
    files = list_files(_AnyFile, [path]).files
    names = [file.name for file in files]
    return (
        _by_folder_names([f"{path}/{name}" for name in names])
        or _by_lines([file.location for file in files])
        or next((kind for kind in KINDS.values() if any(map(kind.recognises_name, names))), None)
    )


def _by_folder_names(paths: Sequence[str]) -> type[Kind] | None:
    """Return the kind whose folder is above one of these paths; of several, the one whose folder is the innermost."""
    kinds = [kind for kind in KINDS.values() if kind.folder is not None and within(kind.folder, paths)]
    return max(kinds, key=lambda kind: max(path.rfind(f"/{kind.folder}/") for path in paths), default=None)


def _by_lines(locations: Sequence[str]) -> type[Kind] | None:
    for location in locations[:_FILES_OPENED]:
        for _, _, data in islice(read_rows(location, lambda *_, **__: None), _LINES_TRIED):
            kind = _kind_of_line(data)
            if kind is not None:
                return kind
    return None


def _kind_of_line(data: bytes, asked: type[Kind] | None = None) -> type[Kind] | None:
    """Return the first kind that recognises a line, or None."""
    line = object_in(data)
    if line is None:
        return None
    keys = {key.lower() for key in line}
    return next((kind for kind in KINDS.values() if kind.recognises(line, keys, is_asked=kind is asked)), None)


class _AnyFile(Kind):
    """Lists every file that is not hidden, so that its name and its first lines can be looked at."""

    name: ClassVar[str] = "any"
    sources: ClassVar[tuple[str, ...]] = ()
    title: ClassVar[str] = "evidence"
    cure: ClassVar[str] = "pass a state directory, an archive, or exports as JSON, CSV or Parquet"

    @classmethod
    def wants(cls, name: str) -> bool:
        """Take every file that is not hidden."""
        return not name.startswith(".")

    def read(self, data: bytes, file: str, line: int, offset: int) -> tuple[Fact, Any]:
        """Read nothing: this kind only lists."""
        raise NotImplementedError
