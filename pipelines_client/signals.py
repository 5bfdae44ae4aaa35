"""Tells an exception that a signal handler raised from one that the code in hand raised.

A job runner that stops a job after its time (rq, Celery) does so from a signal handler, which Python runs between any
two steps of whatever is at work. Where we guard against a caller's objects, such an exception is none of theirs: it
goes on to the job.
"""

from __future__ import annotations

import functools
import signal
from types import CodeType
from typing import Any


def let_through(error: BaseException) -> None:
    """Return if the code in hand raised `error`.

    Raises:
        BaseException: A signal handler did: `error`, or what it was made of.
    """
    for each in (error, error.__cause__):
        if each is not None and is_from_signal(each):
            raise each


def is_from_signal(error: BaseException) -> bool:
    """Say whether an exception passed through one of the signal handlers that are set."""
    handlers = {code for number in signal.valid_signals() if (code := _code_of(signal.getsignal(number)))}
    place = error.__traceback__
    while place is not None:
        if place.tb_frame.f_code in handlers:
            return True
        place = place.tb_next
    return False


def _code_of(handler: Any) -> CodeType | None:
    """Return the code of a handler: a function, a method, or a partial of one; None for the system's own."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    if not (callable(handler) and hasattr(handler, "__code__")) and not hasattr(handler, "__func__"):
        handler = getattr(type(handler), "__call__", None)  # noqa: B004 - the function behind it, for an object
    code = getattr(getattr(handler, "__func__", handler), "__code__", None)
    return code if isinstance(code, CodeType) else None
