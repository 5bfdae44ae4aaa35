"""Send the journeys of some people; the settings come from `PIPELINES_…` variables.

    pipelines-client sandbox --out /tmp/exports          # in another terminal; paste the lines it prints
    python examples/app.py --people 200

It prints its progress as lines of JSON: `{"people": 120}`, and at the end `{"people": 200, "left": 0}`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import datetime, timezone

from people import live

import pipelines_client as analytics

PAUSE_S = 0.2
EXIT_LEFT, EXIT_INTERRUPTED = 1, 130


def main() -> int:
    """Send, then wait until both APIs have everything; return the exit code."""
    parser = argparse.ArgumentParser(description="Send the journeys of some people.")
    parser.add_argument("--people", type=int, default=200, help="number of people (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=7, help="the same seed gives the same people (default: %(default)s)"
    )
    parser.add_argument(
        "--wait", type=float, default=60, metavar="SECONDS", help="time limit for delivery (default: %(default)s)"
    )
    options = parser.parse_args()
    until = datetime.now(timezone.utc).replace(second=0, microsecond=0)
    try:
        for done in live(options.people, seed=options.seed, until=until):
            if not done % 20:
                say(people=done)
        return deliver(options.people, options.wait)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED  # accepted messages are on disk; the next start delivers them


def deliver(people: int, wait_s: float) -> int:
    """Wait for delivery; return 0 if nothing is left."""
    ends_at = time.monotonic() + wait_s
    left = analytics.flush(timeout=1)
    while not left and time.monotonic() < ends_at:
        say(people=people, left=left.left)
        time.sleep(PAUSE_S)  # flush() does not wait for a failing leg that is not authoritative; this loop does
        left = analytics.flush(timeout=1)
    say(people=people, left=left.left)
    return 0 if left else EXIT_LEFT


def say(**facts: int) -> None:
    """Print one line of JSON."""
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    sys.exit(main())
