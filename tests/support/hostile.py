"""Files that no export should hold, one after the other, and the line that a report has for each.

Each case plants one thing beside evidence that is whole. `reason` is what the report says of it; `is_gap` says whether
an unknown number of messages may be lost by it.
"""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CALL = b'{"type":"track","messageId":"x%d","userId":"u","event":"E","properties":{%s}}\n'
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Case:
    """One hostile thing: what it is in words, how it is planted in a folder, and what the report says."""

    title: str
    plant: Callable[[Path], object]
    reason: str
    is_gap: bool = False


def lines(*contents: bytes) -> Callable[[Path], object]:
    """Plant a file of JSON lines."""
    return lambda folder: (folder / "odd.json").write_bytes(b"".join(contents))


def call(properties: bytes, number: int = 0) -> bytes:
    """Return one call with these properties."""
    return CALL % (number, properties)


def packed(folder: Path) -> None:
    """A gzip file that was cut in the middle of a copy."""
    content = b"".join(call(b'"n":%d,"r":"%d"' % (n, n * 7919), n) for n in range(200))
    (folder / "odd.gz").write_bytes(gzip.compress(content)[:-40])


def bomb(folder: Path) -> None:
    """Half a megabyte that unpacks to more than half a gigabyte of empty lines."""
    (folder / "odd.gz").write_bytes(gzip.compress(b"\n" * (16 * MEGABYTE), 9) * 34)


def loop(folder: Path) -> None:
    """A link that leads to itself."""
    (folder / "odd.json").symlink_to(folder / "odd.json")


def utf16_cut(folder: Path) -> None:
    """UTF-16 that ends in the middle of a character."""
    (folder / "odd.json").write_bytes(call(b'"a":1').decode().encode("utf-16")[:-1])


CASES = [
    Case("a gzip file that was cut", packed, "the gzip stream is cut off here; copy the file again", is_gap=True),
    Case("a zip bomb", bomb, "it unpacks to more than 200 times its size, which no export does", is_gap=True),
    Case(
        "a line of 100 MB",
        lines(call(b'"a":"' + b"x" * 100 * MEGABYTE + b'"')),
        "the line is longer than 16,777,216",
        is_gap=True,
    ),
    Case("text that is no UTF-8", lines(call(b'"a":"\xe9"')), "not JSON: the text is not UTF-8"),
    Case("UTF-16 that was cut", utf16_cut, "the file ends or breaks inside a UTF-16 character", is_gap=True),
    Case(
        "a line of UTF-16 among UTF-8",
        lambda folder: (folder / "odd.json").write_bytes(
            call(b'"a":1', 1) + call(b'"a":2', 2).decode().encode("utf-16-le")[:-2] + b"\n"
        ),
        "not JSON: it contains zero bytes",
    ),
    Case(
        "a second byte order mark, where two files were joined",
        lines(b"\xef\xbb\xbf" + call(b'"a":1', 1), b"\xef\xbb\xbf" + call(b'"a":1', 2)),
        "not JSON: it begins with a byte order mark",
    ),
    Case(
        "a line that was cut", lines(call(b'"a":1', 1), call(b'"a":2', 2)[:-9] + b"\n"), "not JSON: the line is cut off"
    ),
    Case(
        "a file whose copy stopped in the middle of a line",
        lines(call(b'"a":1', 1), call(b'"a":2', 2)[:-9]),
        "not JSON: the line is cut off; the file is cut off here; copy it again",
        is_gap=True,
    ),
    Case(
        "the first byte of a gzip file",
        lambda folder: (folder / "odd.gz").write_bytes(b"\x1f"),
        "not JSON, and not gzip either; the file is cut off here; copy it again",
        is_gap=True,
    ),
    Case(
        "a gzip file of 0 bytes",
        lambda folder: (folder / "odd.gz").write_bytes(b""),
        "the file has 0 bytes, and gzip has at least 18; copy it again",
        is_gap=True,
    ),
    Case(
        "an object around all rows",
        lines(b'{"next":null,"data":[' + call(b'"a":1', 1).rstrip() + b"," + call(b'"a":2', 2).rstrip() + b"]}\n"),
        "the rows are wrapped in an object; write them as lines or an array",
        is_gap=True,
    ),
    Case(
        "an object of more than 64 kB that is no call",
        lines(b'{"rows":{"all":["' + b"x" * 70_000 + b'"]}}\n'),
        "a call without messageId",
        is_gap=True,
    ),
    Case(
        "a line that was cut, with the next ones behind it",
        lines(call(b'"a":1', 1)[:-9], call(b'"a":2', 2)[:-1], call(b'"a":3', 3)),
        "not JSON: several objects on one line",
        is_gap=True,
    ),
    Case(
        "objects without line ends between them",
        lines(*(call(b'"a":1', n).rstrip() for n in range(50))),
        "not JSON: several objects on one line",
        is_gap=True,
    ),
    Case(
        "a block of zeros where lines were",
        lines(call(b'"a":1', 1), bytes(4096), call(b'"a":2', 2)),
        "not JSON: it contains zero bytes",
        is_gap=True,
    ),
    Case(
        "a line of more than 64 kB that is no JSON",
        lines(call(b'"a":"' + b"x" * 70_000 + b'"')[:-9] + b"\n"),
        "not JSON: the line is cut off",
        is_gap=True,
    ),
    Case(
        "a line that is a list of calls",
        lines(call(b'"a":1', 1), b"[" + call(b'"a":2', 2).rstrip() + b"," + call(b'"a":3', 3).rstrip() + b"]\n"),
        "JSON, but not an object",
        is_gap=True,
    ),
    Case("a ZIP archive", lines(b"PK\x03\x04\x14\x00\xff"), "not JSON: a ZIP archive; unpack it first", is_gap=True),
    Case(
        "a gzip file with a wrong checksum",
        lambda folder: (folder / "odd.gz").write_bytes(gzip.compress(call(b'"a":1'))[:-8] + bytes(8)),
        "the file is damaged here (wrong gzip checksum, or data that is not gzip); copy it again",
        is_gap=True,
    ),
    Case(
        "a gzip file with something else behind it",
        lambda folder: (folder / "odd.gz").write_bytes(gzip.compress(call(b'"a":1')) + b"something else"),
        "the file is damaged here (wrong gzip checksum, or data that is not gzip); copy it again",
        is_gap=True,
    ),
    Case(
        "half of a surrogate pair",
        lines(call(b'"a":"\\ud83d"')),
        "not JSON: an escape sequence is half of a surrogate pair",
    ),
    Case("NaN", lines(call(b'"a":NaN')), "not JSON: it contains NaN or Infinity, which JSON does not allow"),
    Case("a number beyond all", lines(call(b'"a":1e999')), "JSON, but a number in it is too large to read"),
    Case(
        "nesting 600 levels deep",
        lines(call(b'"a":' + b"[" * 600 + b"]" * 600)),
        "its payload is nested deeper than 250 levels",
    ),
    Case(
        "nesting 100,000 levels deep",
        lines(call(b'"a":' + b"[" * 100_000)),
        "nested deeper than 800 levels",
        is_gap=True,
    ),
    Case("a line that is no object", lines(b'"text"\n'), "JSON, but not an object"),
    Case(
        "an id of 5,000 characters",
        lines(b'{"type":"track","messageId":"%s"}\n' % (b"x" * 5000)),
        "an id or a name in it has more than 4,000 characters",
    ),
    Case("a type that is no text", lines(b'{"messageId":"x","type":{"a":1}}\n'), "a call of unknown type"),
    Case(
        "a broken array",
        lines(b"[" + call(b'"a":1') + b",{]"),
        "the JSON array is broken",
        is_gap=True,
    ),
    Case(
        "a pipe among the files", lambda folder: os.mkfifo(folder / "odd.json"), "it is a pipe or a device", is_gap=True
    ),
    Case("a link that leads to itself", loop, "it is a link that leads back to itself", is_gap=True),
    Case(
        "a link that leads nowhere",
        lambda folder: (folder / "odd.json").symlink_to("gone"),
        "it is a broken link, or was deleted",
        is_gap=True,
    ),
]
"""What is counted and named as a line that could not be read."""

HARMLESS = [
    ("numbers beyond 64 bits", lines(call(b'"a":123456789012345678901234567890')), 1),
    ("keys that come twice: the last one counts", lines(call(b'"a":1,"a":2')), 1),
    ("a byte order mark, CRLF and blank lines", lines(b"\xef\xbb\xbf" + call(b'"a":1').replace(b"\n", b"\r\n\r\n")), 1),
    ("carriage returns alone, as an old Mac ends lines", lines(*[call(b'"a":1', n)[:-1] + b"\r" for n in range(3)]), 3),
    ("UTF-16", lambda folder: (folder / "odd.json").write_bytes(call(b'"a":"\xc3\xa9"').decode().encode("utf-16")), 1),
    ("an empty file", lines(b""), 0),
    ("a link to a folder that is read already", lambda folder: (folder / "again").symlink_to(folder), 0),
    (
        "a name of control characters and bytes that are no text",
        lambda folder: (folder / os.fsdecode(b"\x1b[31mred\n\xff.json")).write_bytes(call(b'"a":1')),
        1,
    ),
    ("a very long name", lambda folder: (folder / ("n" * 250 + ".json")).write_bytes(call(b'"a":1')), 1),
]
"""What is read as it is, with how many messages it holds."""
