"""One writer of the soak: calls of every kind at a steady rate; an id is written down once its call returned True."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from random import Random
from threading import Event

import pipelines_client as analytics

CALLS_A_SECOND = 100


def main() -> None:
    """Write until killed; the one argument is the file for the ids."""
    ids = os.open(Path(sys.argv[1]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    random, never = Random(sys.argv[1]), Event()
    began, count = time.monotonic(), 0
    while True:
        for _ in range(random.randint(1, 20)):
            taken, call = make_call(random, count)
            count += 1
            if taken:
                os.write(ids, f"{call['messageId']}\n".encode())
        never.wait(max(0.0, began + count / CALLS_A_SECOND - time.monotonic()))


def make_call(random: Random, number: int) -> analytics.Taken:
    """Make one call for one of two thousand people."""
    person = f"user-{random.randrange(2_000)}"
    kind = random.random()
    if kind < 0.1:
        return analytics.identify(person, {"plan": random.choice(["free", "team"]), "seats": number})
    if kind < 0.2:
        return analytics.page(person, "Docs", f"Page {number % 50}", {"path": f"/docs/{number % 50}"})
    if kind < 0.25:
        return analytics.group(person, f"team-{number % 90}", {"size": number % 400})
    note = "ünïcode " * random.randrange(60)
    return analytics.track(person, "Order Completed", {"number": number, "total": number / 4, "note": note})


if __name__ == "__main__":
    main()
