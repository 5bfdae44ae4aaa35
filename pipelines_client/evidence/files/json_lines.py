"""JSON lines, or one JSON array, read in chunks so that memory stays bounded.

A line that cannot be read is passed to `reject`, and reading goes on. A file that ends too early, or a line that may be
several, is passed as *incomplete*, because the number of lost lines is unknown.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import msgspec

from pipelines_client.evidence.files.base import MAX_ROW_BYTES, Ending, Format, line_end
from pipelines_client.evidence.files.open import BOM, CutError, read_chunks, read_spans
from pipelines_client.evidence.nesting import end_of_value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from pipelines_client.evidence.files.base import RawLine, Reject, Take

_MAX_LINE_BYTES = MAX_ROW_BYTES
_MAX_SKIPPED_BYTES = 1 << 30
_NO_LINE_END = f"more than {_MAX_SKIPPED_BYTES:,} bytes without a line end; the rest is not read"
_BRACES_SEEN = 200
_CUTS_TRIED = 8  # each parses all that is held, and none may succeed if the last items hold lists of objects
_BETWEEN_ITEMS = re.compile(rb"[\s,]*")
_BETWEEN_ITEMS_TEXT = re.compile(r"[\s,]*")
_NEXT_OBJECT = re.compile(rb"\s*,\s*\{")
_items = msgspec.json.Decoder(list[msgspec.Raw])
_item = json.JSONDecoder(parse_int=str, parse_float=str, strict=False)  # used only to find where an item ends


def read_json(
    location: str,
    reject: Reject,
    *,
    advance: Callable[[int], object] | None = None,
    columns: Collection[str] | None = None,
    ending: Ending | None = None,
    take: Take | None = None,
) -> Iterator[RawLine]:
    """Yield the lines of JSON lines, or the items of one JSON array; blank lines are skipped."""
    del columns
    chunks, ending = read_chunks(location, advance=advance), ending or Ending()
    try:
        head = next(chunks, b"")
    except CutError as cut:
        reject(0, str(cut), incomplete=True)
        return
    skip = len(BOM) if head.startswith(BOM) else 0
    if head[skip:].lstrip()[:1] == b"[":
        yield from _split_array(head, chunks, skip, reject)
    elif head:
        yield from _split_lines(head, chunks, skip, reject, ending, take if line_end(head) == b"\n" else None)


def _split_lines(  # noqa: C901 - one loop, and the hot one
    head: bytes, chunks: Iterator[bytes], skip: int, reject: Reject, ending: Ending, take: Take | None
) -> Iterator[RawLine]:
    number, offset, tail, skipped, end = 1, skip, head[skip:], 0, line_end(head)
    while True:
        is_blank = not skipped and tail.isspace()  # a zip bomb may hold nothing else
        if is_blank or (take is not None and not skipped):
            whole = tail.rfind(end) + 1
            number += tail.count(end) if is_blank or take is None else (yield from take(number, offset, tail, whole))
            offset += whole
            tail = tail[whole:]
        *lines, tail = tail.split(end)
        for line in lines:
            if skipped:
                skipped = 0
            elif line and not line.isspace():
                yield number, offset, line
            number += 1
            offset += len(line) + 1
        if skipped or len(tail) > _MAX_LINE_BYTES:
            if not skipped:
                reject(number, f"the line is longer than {_MAX_LINE_BYTES:,} bytes", incomplete=True)
            skipped += len(tail)
            offset += len(tail)
            tail = b""
        if skipped > _MAX_SKIPPED_BYTES:
            reject(number, _NO_LINE_END, incomplete=True)
            return
        try:
            chunk = next(chunks, None)
        except CutError as cut:
            reject(number, str(cut), incomplete=True)
            return
        if chunk is None:
            break
        tail += chunk
    if tail and not tail.isspace() and not skipped:
        ending.is_open = True
        yield number, offset, tail


def _split_array(head: bytes, chunks: Iterator[bytes], skip: int, reject: Reject) -> Iterator[RawLine]:
    """Yield the items of an array, a chunk at a time; each run of whole items is parsed as an array.

    If no item is whole, the next try waits for twice as many bytes, so that long items are not parsed again and again.
    """
    start = head.index(b"[", skip) + 1
    held, offset, number, cut = head[start:], start, 1 + head.count(b"\n", 0, start), None
    is_last, enough = False, 0
    while not is_last:
        try:
            chunk = next(chunks, None)
        except CutError as error:
            chunk, cut = None, error
        is_last = chunk is None
        held += chunk or b""
        if len(held) < enough and not is_last:
            continue
        position = 0
        for item in _whole_items(held, is_last=is_last):
            begin = held.index(item, position)  # only spaces and a comma lie between two items: the first hit is it
            number += held.count(b"\n", position, begin)
            yield number, offset + begin, item
            position = begin + len(item)
            number += item.count(b"\n")
        comma = _BETWEEN_ITEMS.match(held, position).end()  # type: ignore[union-attr]  # matches the empty text too
        number += held.count(b"\n", position, comma)
        held, offset = held[comma:], offset + comma
        enough = 0 if position else min(2 * len(held), _MAX_LINE_BYTES)
        is_broken = held.rstrip() != b"]" if is_last else len(held) > _MAX_LINE_BYTES
        if cut is not None or is_broken:
            reject(number, str(cut or "the JSON array is broken from here on"), incomplete=True)
            return


def _whole_items(held: bytes, *, is_last: bool) -> Iterable[bytes]:
    """Return the whole items in `held`, a part of an array.

    Unless the array ends here, it is cut after a brace that a comma and an object follow. If that brace is inside an
    item, the rest does not parse, and the brace before it is tried; if none works, items are parsed one by one, which
    is slower.
    """
    items = _try_items(held) if is_last else None
    end, cuts = len(held), 0
    for _ in range(0 if is_last else _BRACES_SEEN):
        end = held.rfind(b"}", 0, end)
        if end < 0 or items is not None or cuts == _CUTS_TRIED:
            break
        if _NEXT_OBJECT.match(held, end + 1) is not None:
            items = _try_items(held[: end + 1] + b"]")
            cuts += 1
    return _items_one_by_one(held, is_last=is_last) if items is None else items


def _try_items(text: bytes) -> list[bytes] | None:
    try:
        return [bytes(item) for item in _items.decode(b"[" + text)]
    except (
        msgspec.DecodeError,
        UnicodeDecodeError,
        RecursionError,
    ):  # the last: an item is very deep, or none is whole
        return None


def _items_one_by_one(held: bytes, *, is_last: bool) -> Iterator[bytes]:
    """Yield the items of an array up to the first broken item, or one that needs more bytes."""
    text = held.decode("utf-8", "surrogateescape")
    position = _BETWEEN_ITEMS_TEXT.match(text).end()  # type: ignore[union-attr]  # matches the empty text too
    while text[position : position + 1] not in ("", "]"):
        end: int | None
        try:
            end = _item.raw_decode(text, position)[1]
        except ValueError:
            return
        except RecursionError:  # it is refused as any line is that is so deep, and the next ones are read
            end = end_of_value(text, position)
        if end is None or (end == len(text) and not is_last):
            return  # a number may continue
        yield text[position:end].encode("utf-8", "surrogateescape")
        position = _BETWEEN_ITEMS_TEXT.match(text, end).end()  # type: ignore[union-attr]  # as above


def _reopen(
    location: str, spans: list[tuple[int, int]], *, columns: Collection[str] | None = None
) -> Iterator[bytes | None]:
    del columns
    return read_spans(location, spans)


JSON = Format((), is_table=False, read=read_json, reopen=_reopen)
