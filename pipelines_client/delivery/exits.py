"""The ends of child processes that skip `atexit`: children of `multiprocessing` and of `billiard`, and Celery's pool.

Each library has a hook that it runs before it ends a child with `os._exit`. A library that is not loaded is not used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from pipelines_client.signals import let_through

Close = Callable[[], None]


def _of_finalizers(library: str) -> Callable[[Close], None]:
    """Return what watches the children of a library that has `multiprocessing`'s finalizers."""

    def watch(close: Close) -> None:
        process, util = sys.modules.get(f"{library}.process"), sys.modules.get(f"{library}.util")
        if process is not None and util is not None and process.current_process()._parent_pid == os.getppid():  # noqa: SLF001 - also in billiard, which has no `parent_process`
            util.Finalize(None, close, exitpriority=0)

    return watch


def _of_celery(close: Close) -> None:
    signals = sys.modules.get("celery.signals")
    if signals is not None:
        signals.worker_process_shutdown.connect(lambda **_: close(), weak=False)


_HOOKS = (_of_finalizers("multiprocessing"), _of_finalizers("billiard"), _of_celery)


def watch_child_exit(close: Close) -> None:
    """Have `close` called when this process ends as the child of one of these libraries."""
    for watch in _HOOKS:
        try:
            watch(close)
        except Exception as error:  # noqa: BLE001 - another version of the library; a call must not fail for it
            let_through(error)
