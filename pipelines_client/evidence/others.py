"""Files that no reader wants by their names: what lies in each, so that none is left out in silence.

A file that holds rows of the kind is read, whatever it is called. One that could hold them and is not read is a gap,
with the cure. All others are named with their reason.
"""

from __future__ import annotations

import zipfile
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import orjson

from pipelines_client.evidence.files.csv_rows import read_csv
from pipelines_client.evidence.files.names import is_table
from pipelines_client.evidence.files.open import open_raw
from pipelines_client.evidence.files.rows import read_rows
from pipelines_client.evidence.kinds.base import HOLDS_ROWS, within

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pipelines_client.evidence.files.base import RawLine
    from pipelines_client.evidence.kinds.base import Kind

MOST_LOOKED_INTO = 2_000
"""How many files of a folder are opened to see what they hold; the first of them by name."""

_ROWS_TRIED = 20
_HEAD_BYTES = 512
_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".filepart", ".opdownload", ".gstmp", ".tmp")
_SIGNS = {
    "a ZIP archive": b"PK\3\4",
    "compressed with Zstandard": b"\x28\xb5\x2f\xfd",
    "a 7-Zip archive": b"7z\xbc\xaf\x27\x1c",
    "a RAR archive": b"Rar!\x1a\x07",
}
_PARQUET = b"PAR1"
_TAR, _TAR_AT = b"ustar", 257
_UNPACK = "unpack it, and move it out of the folder"


class Use(Enum):
    """What becomes of a file."""

    READ = "read"
    LEFT_OUT = "left out"
    GAP = "gap"


class Look(NamedTuple):
    """What becomes of a file, and why it is not read."""

    use: Use
    why: str = ""


def look_into(kind: type[Kind], name: str, location: str, names: Collection[str]) -> Look:
    """Return what becomes of a file that the kind did not want by its name.

    Args:
        kind: The kind of evidence that is asked for.
        name: The file's path below the folder.
        location: Where it is.
        names: All files below the folder.
    """
    reason = kind.leaves_out(name, names)
    if reason:
        return Look(Use.LEFT_OUT, reason)
    whole = next((name.removesuffix(end) for end in _UNFINISHED if name.lower().endswith(end)), name)
    if whole != name:
        is_here = whole in names
        return Look(Use.LEFT_OUT, "an unfinished copy of a file that is here") if is_here else _UNFINISHED_COPY
    try:
        with open_raw(location) as raw:
            head = raw.read(_HEAD_BYTES)
    except OSError as error:
        return Look(Use.GAP, f"it cannot be opened ({error.strerror or type(error).__name__})")
    if not head:
        return Look(Use.LEFT_OUT, "empty")
    return _look_at_archive(location, head, names) or _look_at_rows(kind, name, location, head)


_UNFINISHED_COPY = Look(Use.GAP, "a copy that was not finished; copy it again")


def _look_at_archive(location: str, head: bytes, names: Collection[str]) -> Look | None:
    """Return what becomes of an archive of files; None if it is none."""
    what = next((what for what, sign in _SIGNS.items() if head.startswith(sign)), "")
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        what = "a tar archive"
    if not what:
        return None
    if head.startswith(_SIGNS["a ZIP archive"]):
        inside = _names_in_zip(location)
        here = {name.rpartition("/")[2] for name in names}
        if inside is not None and not inside:
            return Look(Use.LEFT_OUT, "a ZIP archive without rows in it")
        if inside is not None and inside <= here:
            return Look(Use.LEFT_OUT, "a ZIP archive of files that are here")
    return Look(Use.GAP, f"{what}; {_UNPACK}")


def _names_in_zip(location: str) -> set[str] | None:
    """Return the names of the files in an archive that may hold rows; None if it cannot be read."""
    try:
        with open_raw(location) as raw, zipfile.ZipFile(raw) as archive:
            names = (name.rpartition("/")[2] for name in archive.namelist())
            return {name for name in names if HOLDS_ROWS.fullmatch(name)}
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return None


def _look_at_rows(kind: type[Kind], name: str, location: str, head: bytes) -> Look:
    if head.startswith(_PARQUET) and not is_table(name):
        return Look(Use.GAP, "a Parquet file under another name; name it .parquet")
    is_inside = kind.folder is None or bool(within(kind.folder, [name]))
    if _are_of(kind, read_rows(location, lambda *_, **__: None)):
        return Look(Use.READ) if is_inside else Look(Use.GAP, f"outside of {kind.folder}; move it there")
    if not is_table(name) and _are_of(kind, read_csv(location, lambda *_, **__: None)):
        return Look(Use.GAP, "CSV under another name; name it .csv")
    stem = name.rpartition("/")[2].rpartition(".")[0]
    if is_inside and HOLDS_ROWS.fullmatch(stem):
        return Look(Use.GAP, "named as rows, but none can be read; unpack it, or move it out of the folder")
    return Look(Use.LEFT_OUT, "no rows of this kind")


def _are_of(kind: type[Kind], rows: Iterable[RawLine]) -> bool:
    """Return whether one of the first rows is of a kind; of a kind that takes any line, whether there is one."""
    for _, _, data in islice(rows, _ROWS_TRIED):
        try:
            row = orjson.loads(data)
        except orjson.JSONDecodeError:
            continue
        if type(row) is dict and len(row) > 1:
            keys = {key.lower() for key in row}
            if kind.takes_any_line or kind.recognises(row, keys, is_asked=True):
                return True
    return False
