"""Kills processes at random instants, two at a time in one state directory, and counts what that did."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from random import Random
from threading import Event

from nursery import Child
from proof import read_acknowledged

# Writes down an id, unbuffered, only after track() returned True for it; sends in between, and waits in the end.
WRITER = """
    import os, random, signal, threading
    import pipelines_client as analytics
    name = os.environ["NAME"]
    acks = os.open(os.environ["ACKS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    pace = random.Random(name)
    for n in range(100):
        message_id = f"{name}-{n}"
        if analytics.track("u1", "E", {"n": n}, message_id=message_id)[0]:
            os.write(acks, f"{message_id}\\n".encode())
        if pace.random() < 0.3:
            threading.Event().wait(pace.uniform(0, 0.003))
    signal.pause()
"""


def kill_at_random(start: Callable[..., Child], folder: Path, *, times: int, seed: int) -> set[str]:
    """Start writers and kill each after a random time, two alive at once; return the ids that were acknowledged."""
    random, never = Random(seed), Event()
    living: deque[Child] = deque()
    names = [f"w{number}" for number in range(times)]
    for name in names:
        living.append(start(WRITER, NAME=name, ACKS=str(folder / name)))
        never.wait(random.uniform(0, 0.1))  # the instant is the subject
        if len(living) > 1:
            _kill(living.popleft())
    while living:
        _kill(living.popleft())
    return {message_id for name in names for message_id in read_acknowledged(folder / name)}


def _kill(child: Child) -> None:
    os.kill(child.pid, 0)
    child.kill()
    assert child.wait() == -9, child.log
