"""Send visits, sign-ups and orders at a steady rate until standard input ends.

Like any application, it does not deal with stages: the client reads them from `PIPELINES_STAGE_FILE`. At the end it
prints a line of JSON with the number of messages that it sent and that are left.
"""

from __future__ import annotations

import json
import select
import sys
import time
from itertools import count
from random import Random

import pipelines_client as analytics

CALLS_A_SECOND = 60
WAIT_S = 60
PEOPLE = 500


def main() -> int:
    """Send until standard input ends, then wait for delivery; return the exit code."""
    name = sys.argv[1]
    rng = Random(name)  # noqa: S311 - people are made up, not secret
    sent = 0
    for number in count():
        if select.select([sys.stdin], [], [], 1 / CALLS_A_SECOND)[0]:
            break
        person = f"{name}-{rng.randrange(PEOPLE)}"
        if number % 20 == 0:
            visitor = f"visitor-{name}-{number}"
            sent += analytics.page(None, "Docs", "Pricing", anonymous_id=visitor)[0]
            sent += analytics.alias(visitor, person)[0]
            sent += analytics.identify(person, {"plan": rng.choice(["free", "team"]), "lifetime_orders": number})[0]
        order = {"order_id": f"{name}-{number}", "total": round(rng.uniform(5, 200), 2), "currency": "EUR"}
        sent += analytics.track(person, "Order Completed", order)[0]
    until = time.monotonic() + WAIT_S
    while not (left := analytics.flush(timeout=1)) and time.monotonic() < until:
        time.sleep(0.1)
    print(json.dumps({"sent": sent, "left": left.left}), flush=True)
    return 0 if left else 1


if __name__ == "__main__":
    sys.exit(main())
