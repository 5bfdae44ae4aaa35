"""Reads lines of evidence into columns, in native code. Optional: without the library, Python reads all lines.

`make native` builds it from `src/`, which needs a Rust compiler and nothing else. The library takes the lines that it
is sure of, and leaves every other one: what a line means is decided by the kinds in `evidence`, and here only repeated
for the usual spellings. It is called without the interpreter's lock, so threads read at once.

It also writes what the client's ledger says of messages (`facts_of`), again for the usual spellings only. A client
imports this file, and some Pythons have no `ctypes`: what cannot do without it is in `scanner`.

This room knows no fact, no kind and no table: `parity.facts.native` makes those of its columns.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines_client._scan.sources import hash_of

if TYPE_CHECKING:
    import ctypes
else:
    try:
        import ctypes
    except ImportError:  # this Python was built where libffi was not
        ctypes = None

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

_NO: Final = ("false", "0", "no", "off", "f", "n")

_SOURCES: Final = LIBRARY.parent / "src"


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
    if ctypes is None or os.environ.get(SWITCH, "").strip().lower() in _NO:
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
    """Return whether a file is not an ELF library that was cut or ends in zeros, which ends a process that loads it."""
    with path.open("rb") as file:
        head = file.read(_ELF_HEAD.size)
        if len(head) < _ELF_HEAD.size or not head.startswith(_ELF_64_BITS):
            return True  # another format, of which the system says whether it can be loaded
        _, place, entry_bytes, entries = _ELF_HEAD.unpack(head)
        size = entry_bytes * entries
        file.seek(place)
        table = file.read(size)
    return len(table) == size and any(table)
