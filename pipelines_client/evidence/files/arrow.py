"""Loads pyarrow without numpy, for a process that is a command of ours."""

from __future__ import annotations

import sys


def load_without_numpy() -> None:
    """Import pyarrow as if numpy were not installed, which takes half the time; nothing of ours converts to numpy.

    Call it only in a process that runs nothing but our own code: pyarrow stays without numpy in it.
    """
    if "numpy" in sys.modules or "pyarrow" in sys.modules:
        return
    sys.modules["numpy"] = None  # type: ignore[assignment]  # an import of it is now a ModuleNotFoundError
    try:
        import pyarrow as pa
    finally:
        del sys.modules["numpy"]
    del pa
