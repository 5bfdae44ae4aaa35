"""Files of a source that hold the same bytes: a download that was saved twice, or unpacked beside its archive."""

from __future__ import annotations

import zlib
from collections import defaultdict
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines_client.evidence.files.names import plain_name
from pipelines_client.evidence.files.open import CutError, is_remote, read_chunks
from pipelines_client.files import GZIP_MAGIC, open_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipelines_client.evidence.listing import SourceFile

_TRAILER_BYTES = 8
_CHUNK_BYTES = 1 << 20
_NAMED = 3


def find_copies(files: Sequence[SourceFile], *, by_name: bool = False) -> dict[SourceFile, SourceFile]:
    """Return the files that repeat another one, each with the one that is read.

    Files are compared by their unpacked content. Those that may be equal are found by size and checksum, so that only
    these are read. Objects in a store are not compared.

    Args:
        files: The files of a source.
        by_name: Only where the names say so too: rows that are counts may be equal by chance.
    """
    groups = defaultdict(list)
    for file, key in _keys([file for file in files if file.bytes and not is_remote(file.location)]):
        groups[key, plain_name(file.name) if by_name else ""].append(file)
    copies: dict[SourceFile, SourceFile] = {}
    for group in groups.values():
        if len(group) > 1:
            copies.update(_equal(group))
    return copies


def describe_copies(copies: dict[SourceFile, SourceFile]) -> str:
    """Return a note that names the copies, or an empty text."""
    pairs = sorted((copy.name, file.name) for copy, file in copies.items())
    named = ", ".join(f"{copy} (as {file})" for copy, file in pairs[:_NAMED])
    more = f" and {len(pairs) - _NAMED} more" if len(pairs) > _NAMED else ""
    what = "1 file repeats" if len(pairs) == 1 else f"{len(pairs)} files repeat"
    return f"{what} the bytes of another file and is read once: {named}{more}" if pairs else ""


def _keys(files: Sequence[SourceFile]) -> Iterable[tuple[SourceFile, object]]:
    """Yield for each file what equal files have in common: size and checksum of the content, else size and mark."""
    trailers = {file: trailer for file in files if (trailer := _gzip_trailer(file)) is not None}
    sizes = {size for _, size in trailers.values()}
    for file in files:
        if file in trailers:
            yield file, trailers[file]
        elif file.bytes & 0xFFFFFFFF in sizes:
            yield file, (_checksum(file), file.bytes & 0xFFFFFFFF)
        else:
            yield file, (file.bytes, file.mark)


def _gzip_trailer(file: SourceFile) -> tuple[int, int] | None:
    """Return checksum and size of what a gzip file holds, as its last bytes say; None for another file."""
    try:
        with open_regular(Path(file.location)) as raw:
            if raw.read(len(GZIP_MAGIC)) != GZIP_MAGIC or file.bytes < _TRAILER_BYTES:
                return None
            raw.seek(-_TRAILER_BYTES, 2)
            trailer = raw.read(_TRAILER_BYTES)
    except OSError:
        return None
    return int.from_bytes(trailer[:4], "little"), int.from_bytes(trailer[4:], "little")


def _checksum(file: SourceFile) -> int:
    value = 0
    try:
        with open_regular(Path(file.location)) as raw:
            while chunk := raw.read(_CHUNK_BYTES):
                value = zlib.crc32(chunk, value)
    except OSError:
        return -1
    return value


def _equal(group: list[SourceFile]) -> dict[SourceFile, SourceFile]:
    """Return the copies in a group of files that may be equal; the one with the shortest name is read."""
    first: dict[bytes, SourceFile] = {}
    copies = {}
    for file in sorted(group, key=lambda file: (len(file.name), file.name)):
        content = _digest(file)
        if content is None:
            continue
        if content in first:
            copies[file] = first[content]
        first.setdefault(content, file)
    return copies


def _digest(file: SourceFile) -> bytes | None:
    """Return a hash of the unpacked content; None if it cannot be read as a whole, which reading it reports."""
    hashed = blake2b(digest_size=16)
    try:
        for chunk in read_chunks(file.location):
            hashed.update(chunk)
    except CutError:
        return None
    return hashed.digest()
