"""Files of JSON as lines with their places: plain or gzip by their first bytes, in chunks, so memory stays bounded.

A line that cannot be had is handed to `reject` and reading goes on; a file that ends too early is handed over as
*incomplete*, because what it lost cannot be counted.
"""

from __future__ import annotations

import json
import re
import zlib
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

import msgspec
from isal import igzip, isal_zlib
from isal.igzip_lib import IsalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_CHUNK_BYTES = 1 << 20
_PACKED_BYTES = 1 << 18
_GZIP_WBITS = 31
_DAMAGE = (OSError, zlib.error, cast("type[Exception]", IsalError))
_MAX_LINE_BYTES = 16 << 20  # a call is at most 32 kB (FACTS C6, S3): this is no line of an export
_MAX_ARRAY_BYTES = 512 << 20
_BETWEEN_ITEMS = re.compile(r"[\s,]*")
_items = msgspec.json.Decoder(list[msgspec.Raw])

Place = tuple[int, int, bytes]
"""Line number from 1, offset in the unpacked bytes, and the line without its end."""


class Reject(Protocol):
    """Takes note of a line that could not be read."""

    def __call__(self, line: int, reason: str, *, incomplete: bool = False) -> None:
        """Note the place; `incomplete` says that an unknown number of lines went with it."""


@contextmanager
def open_unpacked(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading its unpacked bytes; gzip is known by its first bytes, not by its name (FACTS S8)."""
    with path.open("rb") as raw:
        magic = raw.read(2)
        raw.seek(0)
        if magic != _GZIP_MAGIC:
            yield raw
            return
        with igzip.IGzipFile(fileobj=raw, mode="rb") as stream:  # type: ignore[no-untyped-call]  # isal has no types
            yield cast("BinaryIO", stream)


def is_gzip(path: Path) -> bool:
    """Say whether a file begins as gzip does."""
    with path.open("rb") as raw:
        return raw.read(2) == _GZIP_MAGIC


def read_lines(path: Path, reject: Reject) -> Iterator[Place]:
    """Yield the lines of a JSON-lines file, or the items of a file that is one JSON array; blank lines are skipped."""
    chunks = _read_chunks(path, reject)
    try:
        head = next(chunks, None)
    except _Cut as cut:
        reject(1, str(cut), incomplete=True)
        return
    if head is None:
        return
    skip = len(_BOM) if head.startswith(_BOM) else 0
    if head[skip:].lstrip()[:1] == b"[":
        data, is_whole = _joined(head[skip:], chunks, reject)
        yield from _split_array(data, skip, reject if is_whole else _already_rejected)
    else:
        yield from _split_lines(head, chunks, skip, reject)


def read_spans(path: Path, spans: Iterable[tuple[int, int]]) -> Iterator[bytes]:
    """Yield the unpacked bytes at each `(offset, length)`; the offsets must ascend."""
    with open_unpacked(path) as stream:
        for offset, length in spans:
            stream.seek(offset)
            yield stream.read(length)


class _Cut(Exception):  # noqa: N818 - a signal between two functions of this module, not an error of the package
    """The file ended, or broke, before its end."""


def _read_chunks(path: Path, reject: Reject) -> Iterator[bytes]:
    """Yield the unpacked bytes; a file that breaks raises `_Cut` after the last good byte."""
    with ExitStack() as opened:
        try:
            stream = opened.enter_context(path.open("rb"))
        except OSError as error:
            reject(0, f"cannot be opened ({error.strerror}); give this user the right to read it", incomplete=True)
            return
        try:
            yield from _unpack(stream) if stream.read(2) == _GZIP_MAGIC else _plain(stream)
        except _DAMAGE as error:
            raise _Cut(f"the file is damaged here ({type(error).__name__}); copy it again") from None


def _plain(stream: BinaryIO) -> Iterator[bytes]:
    stream.seek(0)
    while chunk := stream.read(_CHUNK_BYTES):
        yield chunk


def _unpack(stream: BinaryIO) -> Iterator[bytes]:
    """Yield what a gzip file holds, its members one after the other, up to the last byte before a cut.

    Not by a file object: those throw away what they had unpacked when they meet the cut. Each chunk is bounded, however
    well the file is packed.
    """
    stream.seek(0)
    member: Any = None
    while packed := stream.read(_PACKED_BYTES):
        while packed or (member is not None and not member.eof and member.unconsumed_tail):
            if member is None:
                member = isal_zlib.decompressobj(wbits=_GZIP_WBITS)
            chunk = member.decompress(packed, _CHUNK_BYTES)
            if chunk:
                yield chunk
            packed = member.unconsumed_tail
            if member.eof:
                packed, member = member.unused_data.lstrip(b"\0"), None
    if member is not None:
        while chunk := member.decompress(b"", _CHUNK_BYTES):
            yield chunk
        if not member.eof:
            raise _Cut("the gzip stream is cut off here; copy the file again")


def _split_lines(head: bytes, chunks: Iterator[bytes], skip: int, reject: Reject) -> Iterator[Place]:
    number, offset, tail, is_overlong = 1, skip, head[skip:], False
    try:
        while True:
            *lines, tail = tail.split(b"\n")
            for line in lines:
                if is_overlong:
                    is_overlong = False
                elif line and not line.isspace():
                    yield number, offset, line
                number += 1
                offset += len(line) + 1
            if len(tail) > _MAX_LINE_BYTES and not is_overlong:
                reject(number, f"the line is longer than {_MAX_LINE_BYTES:,} bytes")
                is_overlong = True
            if is_overlong:
                offset += len(tail)
                tail = b""
            chunk = next(chunks, None)
            if chunk is None:
                break
            tail += chunk
    except _Cut as cut:
        reject(number, str(cut), incomplete=True)
        return
    if tail and not tail.isspace() and not is_overlong:
        yield number, offset, tail


def _joined(head: bytes, chunks: Iterator[bytes], reject: Reject) -> tuple[bytes, bool]:
    """Return the whole file, or what there was of it and False."""
    parts, size = [head], len(head)
    try:
        for chunk in chunks:
            parts.append(chunk)
            size += len(chunk)
            if size > _MAX_ARRAY_BYTES:
                reject(0, f"one JSON array of more than {_MAX_ARRAY_BYTES:,} bytes; export JSON lines", incomplete=True)
                return b"".join(parts), False
    except _Cut as cut:
        data = b"".join(parts)
        reject(data.count(b"\n") + 1, str(cut), incomplete=True)
        return data, False
    return b"".join(parts), True


def _already_rejected(line: int, reason: str, *, incomplete: bool = False) -> None:
    """Note nothing: the array is broken where its file was cut, and the cut is noted."""


def _split_array(data: bytes, skip: int, reject: Reject) -> Iterator[Place]:
    try:
        items: Iterable[bytes] = (bytes(item) for item in _items.decode(data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        items = _salvage(data, reject)
    number, position = 1, 0
    for item in items:
        start = data.index(item, position)  # only spaces and a comma lie between two items: the first hit is the item
        number += data.count(b"\n", position, start)
        yield number, skip + start, item
        position = start + len(item)
        number += item.count(b"\n")


def _salvage(data: bytes, reject: Reject) -> Iterator[bytes]:
    """Yield the items of an array up to the place where it stops being JSON."""
    text = data.decode("utf-8", "surrogateescape")
    decoder, position = json.JSONDecoder(), text.index("[") + 1
    while True:
        position = _BETWEEN_ITEMS.match(text, position).end()  # type: ignore[union-attr]  # it matches the empty text
        if text[position : position + 1] == "]":
            return
        try:
            _, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            reject(text.count("\n", 0, position) + 1, "the JSON array is broken from here on", incomplete=True)
            return
        yield text[position:end].encode("utf-8", "surrogateescape")
        position = end
