"""pyarrow without what takes longer to load than a short run takes: numpy, and a wrapper for each of its functions."""

from __future__ import annotations

import sys
from typing import Any


def load_without_numpy() -> None:
    """Import pyarrow as if numpy were not installed, which takes half the time; nothing of ours converts to numpy.

    Call it only in a process that runs nothing but our own code: pyarrow stays without numpy in it.
    """
    if "numpy" in sys.modules or "pyarrow" in sys.modules:
        return
    sys.modules["numpy"] = None  # type: ignore[assignment]  # an import of it is now a ModuleNotFoundError
    try:
        import pyarrow._compute as functions
    finally:
        del sys.modules["numpy"]
    del functions


def compute(name: str, *values: Any, options: Any = None) -> Any:
    """Return what a function of `pyarrow.compute` returns, without that module: its wrappers take a while to make.

    Args:
        name: The function's name in pyarrow's registry, such as `take` or `if_else`.
        values: Its arguments: arrays, tables, or values of Python.
        options: Of a class of `pyarrow.compute`, for a function that needs some.
    """
    from pyarrow._compute import call_function

    return call_function(name, list(values), options)
