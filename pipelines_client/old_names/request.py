"""Upstream's error, and a `post` that says what to use instead: this client has a connection of another kind."""

from __future__ import annotations

import sys
import types
from typing import NoReturn

from segment.analytics.request import APIError, DatetimeSerializer

__all__ = ["APIError", "DatetimeSerializer", "post"]
_session = None  # there, so that a patch of it is refused and not only missing

_CURE = "call track, identify, … to send; in tests use the fixture `sandbox` or PIPELINES_SEND=false (docs/testing.md)"


def post(*_: object, **__: object) -> NoReturn:
    """Refuse: a message is sent by its call.

    Raises:
        NotImplementedError: The text says what to use instead.
    """
    raise NotImplementedError(f"pipelines_client does not send through request.post: {_CURE}")


class _RefusesPatches(types.ModuleType):
    """Refuses a patch of what the client does not use: it would isolate nothing."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in ("post", "_session"):
            raise AttributeError(f"patching request.{name} isolates nothing: {_CURE}")
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _RefusesPatches
