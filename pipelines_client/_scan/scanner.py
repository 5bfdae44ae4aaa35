"""Takes lines by the native library: what parity needs of it."""

from __future__ import annotations

import ctypes

from pipelines_client._scan import LAYOUTS, SWITCH


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

    def task(self) -> Task:
        """Return what `take` goes on with, of no place yet."""
        return Task()

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
