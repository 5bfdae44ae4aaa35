"""Kills processes at random instants, two at a time in one state directory, and counts what that did."""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from random import Random

from nursery import Child

MESSAGES = 100

# Writes down an id, unbuffered, only after track() returned True for it; sends in between, and waits in the end.
WRITER = f"""
    import os, random, signal, threading
    import pipelines_client as analytics
    name = os.environ["NAME"]
    acks = os.open(os.environ["ACKS"], os.O_WRONLY)
    pace = random.Random(name)
    for n in range({MESSAGES}):
        message_id = f"{{name}}-{{n}}"
        if analytics.track("u1", "E", {{"n": n}}, message_id=message_id)[0]:
            os.write(acks, f"{{message_id}}\\n".encode())
        if pace.random() < 0.3:
            threading.Event().wait(pace.uniform(0, 0.003))
    signal.pause()
"""


def kill_at_random(start: Callable[..., Child], folder: Path, *, times: int, seed: int) -> set[str]:
    """Start writers and kill each at a random instant, two alive at once; return the ids that were acknowledged."""
    random = Random(seed)
    living: deque[_Writer] = deque()
    acknowledged: set[str] = set()
    for number in range(times + 1):
        if number < times:
            living.append(_Writer(start, folder / f"w{number}"))
        if len(living) > 1 or number == times:
            acknowledged |= living.popleft().kill(random)
    return acknowledged


class _Writer:
    """A child that tells through a pipe what was acknowledged: whether or not it is alive, nothing of that is lost."""

    def __init__(self, start: Callable[..., Child], pipe: Path) -> None:
        os.mkfifo(pipe)
        self._end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self._said = b""
        self._child = start(WRITER, NAME=pipe.name, ACKS=str(pipe))

    def kill(self, random: Random) -> set[str]:
        """Kill it: one in four at a random time, perhaps before its first message; else a while after a random one."""
        if random.random() < 0.25:
            self._listen(10_000, random.uniform(0, 0.1))
        else:
            self._listen(random.randint(1, MESSAGES), 10.0)
            self._listen(10_000, random.choice((0, 0, random.uniform(0, 0.02))))
        self._child.kill()
        assert self._child.wait() == -9, self._child.log
        while said := os.read(self._end, 65_536):
            self._said += said
        os.close(self._end)
        return set(self._said.decode().split())

    def _listen(self, count: int, seconds: float) -> None:
        """Wait until that many messages were acknowledged, or the time is over: the instant is the subject."""
        until = time.monotonic() + seconds
        while self._said.count(b"\n") < count and (left := until - time.monotonic()) > 0:
            if select.select([self._end], [], [], left)[0]:
                said = os.read(self._end, 65_536)
                if not said:
                    return  # it died by itself, which `kill` finds out
                self._said += said
