"""Reads lines of evidence into columns, in native code. Optional: without the library, Python reads all lines.

`make native` builds it from `src/`, which needs a Rust compiler and nothing else. The library takes the lines that it
is sure of, and leaves every other one: what a line means is decided by the kinds in `evidence`, and here only repeated
for the usual spellings. It is called without the interpreter's lock, so threads read at once.

It also writes what the client's ledger says of messages (`facts_of`), again for the usual spellings only.

This room knows no fact, no kind and no table: `parity.facts.native` makes those of its columns.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from pipelines_client._scan.sources import hash_of

TYPES: Final = ("track", "page", "screen", "identify")
"""The calls that are taken."""

IDENTITIES: Final = (None, "user", "anonymous", "group")
"""Kinds of identities, by their number."""

LAYOUTS: Final = ("segment", "customerio")
"""The layouts of lines: that of Segment's archive, and that of Customer.io's storage files."""

SHOW_TYPES: Final = ("segment",)
"""Layouts whose lines show their type."""

NO_TIME: Final = -(2**63)
"""Stands for an instant that is not there."""

SWITCH: Final = "PARITY_NATIVE"
"""Set this variable to `false` to do everything in Python."""

LIBRARY: Final = Path(__file__).parent / "libscan.so"
"""Where `build_native.py` puts the library, on macOS too."""

_ELF_64_BITS: Final = b"\x7fELF\x02\x01"
_ELF_HEAD: Final = struct.Struct("<40sQ10xHH2x")  # up to the number of sections, whose table is the end of the file

INTERFACE: Final = 2
"""The version of the interface that this file knows: a library of another one is left alone."""

_SOURCES: Final = LIBRARY.parent / "src"


class Task(ctypes.Structure):
    """Where the lines are, and what the lines before them say.

    `file` and `origin` are numbers of the caller's. `type` is an index of `TYPES`, or more than any if the lines show
    it. The counters from `steps` to `last_ms` are those of `evidence.swallowed.Neighbours`. `rows` and `table_bytes`
    say how much the scanner holds.
    """

    _fields_ = (
        ("file", ctypes.c_int64),
        ("line", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("steps", ctypes.c_int64),
        ("ordered", ctypes.c_int64),
        ("span_ms", ctypes.c_int64),
        ("last_ms", ctypes.c_int64),
        ("rows", ctypes.c_int64),
        ("table_bytes", ctypes.c_int64),
        ("origin", ctypes.c_uint32),
        ("type", ctypes.c_uint32),
    )


class Scanner:
    """Takes lines of one layout. It is used by one thread at a time.

    Args:
        library: Of `load`.
        layout: One of `LAYOUTS`.
        key: Key of the identity hash.

    Raises:
        ValueError: The key has no byte, or more than 64.
    """

    def __init__(self, library: ctypes.CDLL, layout: str, key: bytes) -> None:
        self._library = library
        self._scanner = library.scan_new(LAYOUTS.index(layout), key, len(key))
        if not self._scanner:
            raise ValueError("an identity key has 1 to 64 bytes")

    def __del__(self) -> None:
        if getattr(self, "_scanner", None):
            self._library.scan_free(self._scanner)

    def take(self, lines: bytes, start: int, end: int, task: Task) -> int:
        """Take the lines between two places up to one that is odd, and return where that begins, else `end`.

        `task` goes on to there.

        Raises:
            RuntimeError: The library has a fault.
        """
        odd = int(self._library.scan_lines(self._scanner, lines, min(end, len(lines)), start, ctypes.byref(task)))
        if odd < 0:
            raise RuntimeError(f"internal error in the native reader; set {SWITCH}=false and run again")
        return odd

    def column(self, number: int) -> bytes:
        """Return a copy of a column, as `lib.rs` numbers them."""
        size = ctypes.c_size_t()
        place = self._library.scan_column(self._scanner, number, ctypes.byref(size))
        return ctypes.string_at(place, size.value) if size.value else b""

    def clear(self, *, is_all: bool) -> None:
        """Forget the rows, and if asked the tables that rows refer to."""
        self._library.scan_clear(self._scanner, int(is_all))


def facts_of(parts: Sequence[bytes], key: bytes) -> list[bytes]:
    """Return what the ledger says of messages (`Entry.facts`), one for each; empty for one that is left to Python.

    Those are the odd ones; without the library, all.

    Args:
        parts: The stamp of the first message, its body, the stamp of the second, ...; none has a line end.
        key: Key of the identity hash, 1 to 64 bytes.
    """
    library, lines = load(), b"\n".join(parts)
    made = library.facts_new(lines, len(lines), key, len(key)) if library is not None and parts else None
    if library is None or not made:
        return [b""] * (len(parts) // 2)
    try:
        size = ctypes.c_size_t()
        place = library.facts_bytes(made, ctypes.byref(size))
        return ctypes.string_at(place, size.value).split(b"\n")[:-1]
    finally:
        library.facts_free(made)


@lru_cache(maxsize=1)
def load() -> ctypes.CDLL | None:
    """Return the library; None if it is not there, not for this machine, or not wanted."""
    if os.environ.get(SWITCH, "").lower() in ("false", "0", "no"):
        return None
    try:
        if not _is_whole(LIBRARY):
            return None
        library = ctypes.CDLL(str(LIBRARY))
        library.scan_interface.restype, library.scan_interface.argtypes = ctypes.c_uint32, ()
        library.scan_sources.restype, library.scan_sources.argtypes = ctypes.c_uint64, ()
        if library.scan_interface() != INTERFACE or hash_of(_SOURCES) not in (0, library.scan_sources()):
            return None  # as after an update, or a change of the sources, without `make native`
    except (OSError, AttributeError):
        return None
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    library.scan_new.restype, library.scan_new.argtypes = pointer, (ctypes.c_uint32, ctypes.c_char_p, size)
    library.scan_free.restype, library.scan_free.argtypes = None, (pointer,)
    library.scan_lines.restype = ctypes.c_int64
    library.scan_lines.argtypes = (pointer, ctypes.c_char_p, size, size, pointer)
    library.scan_column.restype, library.scan_column.argtypes = pointer, (pointer, ctypes.c_uint32, pointer)
    library.scan_clear.restype, library.scan_clear.argtypes = None, (pointer, ctypes.c_uint32)
    library.facts_new.restype, library.facts_new.argtypes = pointer, (ctypes.c_char_p, size, ctypes.c_char_p, size)
    library.facts_bytes.restype, library.facts_bytes.argtypes = pointer, (pointer, pointer)
    library.facts_free.restype, library.facts_free.argtypes = None, (pointer,)
    return library


def _is_whole(path: Path) -> bool:
    """Return whether a file is not a cut ELF library: Linux ends a process that loads one."""
    with path.open("rb") as file:
        head = file.read(_ELF_HEAD.size)
        size = file.seek(0, os.SEEK_END)
    if len(head) < _ELF_HEAD.size or not head.startswith(_ELF_64_BITS):
        return True  # another format, of which the system says whether it can be loaded
    _, place, entry_bytes, entries = _ELF_HEAD.unpack(head)
    return bool(size >= place + entry_bytes * entries)
