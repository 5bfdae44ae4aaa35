"""The one way to read what lies in the state directory: what damage does to it, the reader raises one error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pipelines_client.errors import StateDamagedError
from pipelines_client.signals import let_through

_D = TypeVar("_D")
_R = TypeVar("_R")


def guarded(parse: Callable[[_D], _R], data: _D, *, path: Path) -> _R:
    """Return `parse(data)`, what damage does to it.

    Raises:
        StateDamagedError: It failed.
    """
    try:
        return parse(data)
    except Exception as error:  # noqa: BLE001 - any failure to read is damage, never a bug to raise into a call
        let_through(error)
        raise StateDamagedError(f"{path.name} is damaged ({type(error).__name__})") from None
