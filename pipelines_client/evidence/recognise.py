"""What kind of evidence is at a path? Folders' and files' names tell, else the first line that can be read."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines_client.errors import SourceError
from pipelines_client.evidence.count_apis import APIS
from pipelines_client.evidence.files.open import is_remote
from pipelines_client.evidence.files.rows import read_rows
from pipelines_client.evidence.kinds import KINDS
from pipelines_client.evidence.kinds.base import vendor_of, within
from pipelines_client.evidence.kinds.customerio_storage import CustomerioFiles, has_own_name
from pipelines_client.evidence.kinds.ledger import LedgerFiles
from pipelines_client.evidence.kinds.segment_archive import SegmentArchive
from pipelines_client.evidence.kinds.table import Table
from pipelines_client.evidence.listing import list_files
from pipelines_client.evidence.naming import COUNTS, SOURCES, split_kind
from pipelines_client.state.identity_key import IDENTITY_KEY_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines_client.evidence.naming import Kind

_FILES_OPENED = 5
_LINES_TRIED = 20


def sort_paths(texts: Iterable[str]) -> dict[str, list[str]]:
    """Arrange paths by the source that each of them speaks for, each with its kind before it.

    Args:
        texts: Paths, globs or addresses, with or without `kind:` before them.

    Raises:
        SourceError: One of them is of no kind that is known.
    """
    by_source: dict[str, list[str]] = {}
    for text in texts:
        if text.partition(":")[0] in APIS:
            by_source.setdefault(COUNTS, []).append(text)
            continue
        kind, path = split_kind(text)
        name = kind or recognise(path)
        usual = KINDS[name].usual_source
        by_source.setdefault(usual if usual in SOURCES else COUNTS, []).append(f"{name}:{path}")
    return by_source


def recognise(path: str) -> str:
    """Return the name of the kind of evidence that is at a path.

    Raises:
        SourceError: There is nothing there, or nothing that is known.
    """
    if not is_remote(path) and ((Path(path) / IDENTITY_KEY_FILE).is_file() or (Path(path) / "ledger").is_dir()):
        return "ledger"
    listing = list_files(_Anything, [path])
    names = [file.name for file in listing.files]
    kind = _by_folders([f"{path}/{name}" for name in names]) or _by_lines([file.location for file in listing.files])
    if kind is None and any(map(has_own_name, names)):
        kind = CustomerioFiles.name
    if kind is None:
        known = ", ".join(f"{name}:" for name in KINDS)
        raise SourceError(f"{path}: cannot tell what evidence this is; say it before the path, with one of {known}")
    return kind


def refuse_other_vendor(kind: Kind, location: str, line: int, data: bytes) -> None:
    """Refuse a line that another kind of evidence writes, if it bears marks that the kind asked for has not.

    Raises:
        SourceError: With the option where it belongs.
    """
    vendor = vendor_of(data, asked=kind.family)
    if vendor is not None and kind.family is not None and vendor != kind.family:
        other = KINDS[vendor]
        is_usual = other.name == other.usual_source
        cure = f"--{other.usual_source}" if is_usual else f"--{other.usual_source} {other.name}:PATH"
        raise SourceError(f"{location}:{line}: this is {other.title}, given as --{kind.source}; give it as {cure}")


def _by_folders(paths: list[str]) -> str | None:
    for kind in (SegmentArchive, LedgerFiles):
        if kind.folder is not None and within(kind.folder, paths):
            return kind.name
    return None


def _by_lines(locations: list[str]) -> str | None:
    for location in locations[:_FILES_OPENED]:
        for _, _, data in islice(read_rows(location, lambda *_, **__: None), _LINES_TRIED):
            vendor = vendor_of(data)
            if vendor is not None:
                return vendor
    return None


class _Anything(Table):
    """Every file that may hold rows, for a look at its name."""

    name = "any"
    usual_source = ""  # no option names it
    title = "evidence"
    cure = "give a state directory, an archive, or exports as JSON, CSV or Parquet"

    @classmethod
    def wants(cls, name: str) -> bool:
        """Take whatever is not hidden."""
        return not name.startswith(".")
