"""Both vendors of the soak in a separate process: the sandbox, with faults that change every few seconds.

Says its addresses in a line of JSON; `calm` on standard input ends the weather, the end of the input ends it all: then
it writes the exports and says its counts in a second line.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any

from pipelines_client.sandbox import Api, Sandbox

FAULTS = (500, 503, 429, "reset")


class Weather:
    """Changes what each API does, on its own and at its own times."""

    def __init__(self, api: Api, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self._api = api
        self._random = Random(f"{api.name}-{seed}")
        self._is_over = Event()
        self._thread = Thread(target=self._change, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """From now on the API works."""
        self._is_over.set()
        self._thread.join()
        self._api.normal()

    def _change(self) -> None:
        while not self._is_over.wait(self._random.uniform(2, 6)):
            self._api.normal()
            kind = self._random.choice(["calm", "calm", "outage", "limit", "reset", "showers", "slow", "silence"])
            self.counts[kind] += 1
            getattr(self, f"_{kind}")()

    def _calm(self) -> None:
        """Leave it as it is."""

    def _outage(self) -> None:
        self._api.answer(self._random.choice([500, 502, 503, 504]))

    def _limit(self) -> None:
        self._api.rate_limit(self._random.choice([None, 1, 2]))

    def _reset(self) -> None:
        self._api.answer("reset")

    def _silence(self) -> None:
        self._api.answer("timeout")

    def _showers(self) -> None:
        self._api.answer_sequence([self._random.choice((200, 200, *FAULTS)) for _ in range(100)])

    def _slow(self) -> None:
        self._api.delay_s = self._random.uniform(0.05, 0.8)


def main() -> None:
    """Run until the input ends; the arguments are the folder for the exports and the seed."""
    with Sandbox(out=Path(sys.argv[1])) as sandbox:
        apis = {"customerio": sandbox.customerio, "segment": sandbox.segment}
        say({name: api.url for name, api in apis.items()})
        weathers = {name: Weather(api, int(sys.argv[2])) for name, api in apis.items()}
        sys.stdin.readline()
        for weather in weathers.values():
            weather.end()
        sys.stdin.readline()
        counts = {name: count(api, weathers[name].counts) for name, api in apis.items()}
    say(counts)


def count(api: Api, weather: Counter[str]) -> dict[str, Any]:
    """Say what an API got and what it went through."""
    ids = api.message_ids()
    statuses = Counter(str(request.status or "none") for request in api.requests)
    repeats = len(ids) - len(set(ids)) + api.lost["duplicate"]
    return {"messages": len(set(ids)), "repeats": repeats, "answers": dict(statuses), "weather": dict(weather)}


def say(what: dict[str, Any]) -> None:
    """Write a line of JSON."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
