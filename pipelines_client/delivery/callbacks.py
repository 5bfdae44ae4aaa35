"""Run the application's callbacks in a thread apart from delivery: they may raise, block or call the client."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from pipelines_client.clock import monotonic_s
from pipelines_client.log import logger

Callback = Callable[[], object]


class Callbacks:
    """One thread, started with the first callback and ended by `close`."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callback | None] = queue.SimpleQueue()
        self._lock = threading.RLock()  # taken directly, as in `Sender`
        self._changed = threading.Condition(self._lock)
        self._outstanding = 0
        self._thread: threading.Thread | None = None
        self._has_said = False

    def run(self, call: Callback) -> None:
        """Run `call` soon, after the callbacks before it.

        If no thread can be started now, the calls wait for the next one that can.
        """
        with self._lock:
            self._outstanding += 1
            self._calls.put(call)
            self._start()

    def _start(self) -> bool:
        """Start the thread unless it runs; False if there is none to be had. Holds the lock."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="pipelines-client-callbacks", daemon=True)
            try:
                thread.start()
            except (RuntimeError, MemoryError) as error:
                if not self._has_said:
                    self._has_said = True
                    logger().error("callbacks_wait", error=type(error).__name__, cure="raise the limit of threads")
                return False
            self._thread = thread
        return True

    @property
    def is_busy(self) -> bool:
        """Whether a callback is due or runs."""
        return self._outstanding > 0

    def wait_idle(self, until_s: float) -> bool:
        """Wait until every callback has run, or the clock passes `until_s`; return at once inside a callback."""
        if threading.current_thread() is self._thread:
            return False
        with self._lock:
            while self._outstanding:
                left = until_s - monotonic_s()
                if left <= 0 or not self._start():
                    return False
                self._changed.wait(left)
        return True

    def close(self) -> None:
        """End the thread after the callbacks that are due."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                call()
            except Exception as error:  # noqa: BLE001 - the application's error; delivery goes on
                logger().error("callback_failed", error=type(error).__name__)
            finally:
                with self._lock:
                    self._outstanding -= 1
                    self._changed.notify_all()
