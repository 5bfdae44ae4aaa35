"""Three processes that write all the time in one state directory while others change the stage, kill and cut off."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from nursery import Child

WRITERS, UPLOAD_SIZE = 3, 20

# Writes down an id, unbuffered, only after track() returned True for it.
_SCRIPT = """
    import os, random, threading
    import pipelines_client as analytics
    name = os.environ["NAME"]
    acks = os.open(os.environ["ACKS"], os.O_WRONLY)
    pace, never = random.Random(name), threading.Event()
    n = 0
    while True:
        n += 1
        message_id = f"{name}-{n}"
        if analytics.track(f"user-{n % 97}", "Feature Used", {"n": n}, message_id=message_id)[0]:
            os.write(acks, f"{message_id}\\n".encode())
        never.wait(pace.uniform(0, 0.01))
"""


class Fleet:
    """The living writers, and what all that ever lived were told is taken."""

    def __init__(self, start: Callable[..., Child], folder: Path, seed: int) -> None:
        self.acknowledged: set[str] = set()
        self.killed = 0
        self._start = start
        self._folder = folder
        self._random = Random(seed)
        self._made = 0
        self._living: list[tuple[Child, int]] = []
        self._torn: dict[int, bytes] = {}
        for _ in range(WRITERS):
            self._add()

    def _add(self) -> None:
        self._made += 1
        pipe = self._folder / f"w{self._made}"
        os.mkfifo(pipe)
        end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self._living.append((self._start(_SCRIPT, NAME=pipe.name, ACKS=str(pipe)), end))

    def write(self, count: int, *, within_s: float = 20.0) -> None:
        """Let them go on until each has been told so many times more that a message is taken."""
        left = dict.fromkeys((end for _, end in self._living), count)
        until = time.monotonic() + within_s
        while any(number > 0 for number in left.values()):
            assert time.monotonic() < until, [child.log for child, _ in self._living]
            for end in select.select(list(left), [], [], 1.0)[0]:
                left[end] -= self._listen(end)

    def kill_one(self, *, replace: bool = True) -> None:
        """Kill one of them, whatever it is at, and start another in its place."""
        child, end = self._living.pop(self._random.randrange(len(self._living)))
        child.kill()
        assert child.wait() == -9, child.log
        while self._listen(end):
            pass
        os.close(end)
        self.killed += 1
        if replace:
            self._add()

    def kill_all(self) -> None:
        """End it all."""
        while self._living:
            self.kill_one(replace=False)

    def _listen(self, end: int) -> int:
        said = self._torn.pop(end, b"") + os.read(end, 65_536)
        *lines, self._torn[end] = said.split(b"\n")
        self.acknowledged.update(line.decode() for line in lines)
        return len(lines)
