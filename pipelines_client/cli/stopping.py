"""How a command that sends is stopped: after the request under way, so that its answer is recorded."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pipelines_client.cli.leaving import say

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def stopping_in_order() -> Iterator[None]:
    """Have the first Ctrl-C, SIGTERM or SIGHUP raise KeyboardInterrupt, and later ones do nothing.

    What is sent waits in its cleanup for the answer to the request under way. A second signal would cut that short, and
    the messages would go again. A signal that is ignored, as under nohup, stays so.
    """
    is_stopping: list[bool] = []

    def stop(_number: int, _frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        is_stopping.append(True)
        say("stopping after the request under way, which may take half a minute")
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers if signal.getsignal(number) != signal.SIG_IGN}
    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        if is_stopping:  # the signals stay ignored: the end of the process, too, is not to be cut short
            before.clear()
        for number, handler in before.items():
            signal.signal(number, handler)
