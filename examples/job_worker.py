"""A job worker with a clean shutdown: on SIGTERM it finishes its job, delivers what it can and keeps the rest on disk.

Run it with the PIPELINES_ variables set (see README), and stop it with SIGTERM or Ctrl-C.
"""

from __future__ import annotations

import signal
import threading

import pipelines_client as analytics

GRACE_S = 5.0  # less than your platform allows between SIGTERM and SIGKILL

stopping = threading.Event()


def work(number: int) -> None:
    """Do one job and track it."""
    analytics.track(f"user-{number % 10}", "Feature Used", {"feature": "export", "job": number})


def main() -> None:
    """Work until a signal stops it."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    number = 0
    print("working", flush=True)
    while not stopping.wait(0.01):
        work(number)
        number += 1
    left = analytics.shutdown(timeout=GRACE_S)
    # The rest is on disk: the next process with this state directory delivers it, or `pipelines-client drain` does.
    print(f"stopped after {number} jobs, {left.left} messages left", flush=True)


if __name__ == "__main__":
    main()
