"""Recognise an exception that a signal handler raised, so that a guard passes it on.

A job runner (rq, Celery) stops a job that takes too long from a signal handler, which Python runs between any two steps
of the current code. Code that guards against errors of a caller's objects must not swallow such an exception: it
belongs to the job.
"""

from __future__ import annotations

import functools
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any


def let_through(error: BaseException) -> None:
    """Raise `error` again if a signal handler raised it; else return.

    Raises:
        BaseException: `error`, or its cause, if a signal handler raised it.
    """
    for each in (error, error.__cause__):
        if each is not None and is_from_signal(each):
            raise each


@contextmanager
def suppressing(*errors: type[Exception]) -> Iterator[None]:
    """Suppress errors as `contextlib.suppress` does, but not those that a signal handler raised."""
    try:
        yield
    except errors as error:
        let_through(error)


def is_from_signal(error: BaseException) -> bool:
    """Return whether an exception passed through one of the current signal handlers."""
    handlers = {code for number in signal.valid_signals() if (code := _code_of(signal.getsignal(number)))}
    place = error.__traceback__
    while place is not None:
        if place.tb_frame.f_code in handlers:
            return True
        place = place.tb_next
    return False


def _code_of(handler: Any) -> CodeType | None:
    """Return the code of a handler (a function, method, partial or callable object), or None for a default handler."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    if not (callable(handler) and hasattr(handler, "__code__")) and not hasattr(handler, "__func__"):
        handler = getattr(type(handler), "__call__", None)  # noqa: B004 - the method of a callable object
    code = getattr(getattr(handler, "__func__", handler), "__code__", None)
    return code if isinstance(code, CodeType) else None
