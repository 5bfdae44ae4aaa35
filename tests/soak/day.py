"""One leg is down for a simulated day; the caller and the other leg do not notice, and it catches up in order.

    make soak-day               # or: make soak-day RATE=500

Segment counts and works; Customer.io answers 503 from the first minute to the last, and is back in the morning. An
hour passes on the frozen clock as fast as its messages can be sent. Both APIs are one process that looks into every
message: each leg must get them in order, without a gap but for what the leg that does not count gave up because its
bound in bytes was reached, which must be just what the client says that it dropped.

Exit code 0: all of it held. 1: not so.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import orjson
from freezegun import freeze_time

from pipelines_client import Client
from pipelines_client.clock import monotonic_s, pause, utc_now
from pipelines_client.delivery.status import read_status

HOURS = 24
BOUND_BYTES = 256 << 20
MAX_CATCH_UP_S = 1_200
START = datetime(2026, 11, 2, tzinfo=timezone.utc)


@dataclass
class Leg:
    """What one API saw: how many, and whether each came after the one before."""

    is_down: bool = False
    received: int = 0
    last: int = -1
    gaps: int = 0
    disorder: int = 0
    refused: int = 0


class Vendors(BaseHTTPRequestHandler):
    """Both APIs: the first part of the path says which."""

    protocol_version = "HTTP/1.1"
    legs: dict[str, Leg] = {"customerio": Leg(is_down=True), "segment": Leg()}  # noqa: RUF012 - one for the process

    def do_POST(self) -> None:
        """Take a batch, or refuse it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        leg = self.legs[self.path.split("/")[1]]
        if leg.is_down:
            leg.refused += 1
            self._answer(503)
            return
        for message in orjson.loads(body)["batch"]:
            number = message["properties"]["n"]
            leg.received += 1
            leg.gaps += max(0, number - leg.last - 1)
            leg.disorder += number <= leg.last
            leg.last = number
        self._answer(200)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def serve(pipe: Connection) -> None:
    """Be both APIs; answer each word on the pipe with what was seen."""
    from threading import Thread

    server = ThreadingHTTPServer(("127.0.0.1", 0), Vendors)
    Thread(target=server.serve_forever, daemon=True).start()
    pipe.send(server.server_port)
    while True:
        word = pipe.recv()
        if word == "up":
            Vendors.legs["customerio"].is_down = False
        pipe.send({name: vars(leg) for name, leg in Vendors.legs.items()})


@dataclass
class Day:
    """The day as it goes."""

    client: Client
    state: Path
    pipe: Connection
    rate: int
    sent: int = 0
    peak_bytes: int = 0
    failures: list[str] = field(default_factory=list)

    def hour(self) -> list[float]:
        """Send an hour's messages as fast as they are taken; return how long each call took, in microseconds."""
        track, clock, took = self.client.track, monotonic_s, []
        for number in range(self.sent, self.sent + self.rate * 3_600):
            began = clock()
            taken, _ = track("user-42", "Feature Used", {"n": number, "feature": "export"})
            took.append((clock() - began) * 1e6)
            if not taken:
                self.failures.append(f"message {number} was not taken")
        self.sent += self.rate * 3_600
        self.peak_bytes = max(self.peak_bytes, spool_bytes(self.state))
        return took

    def expect(self, *, is_so: bool, otherwise: str) -> None:
        """Note a failure."""
        if not is_so:
            self.failures.append(otherwise)

    def seen(self, word: str = "look") -> dict[str, dict[str, int]]:
        """Ask the APIs what they have seen."""
        self.pipe.send(word)
        seen: dict[str, dict[str, int]] = self.pipe.recv()
        return seen

    def wait_for_segment(self) -> None:
        """Wait until the leg that works has the hour's messages: an hour is enough for that."""
        until = monotonic_s() + 3_600
        while self.seen()["segment"]["received"] < self.sent and monotonic_s() < until:
            pause(0.05)


def spool_bytes(state: Path) -> int:
    """Return the bytes of all files of the spool."""
    return sum(path.stat().st_size for path in (state / "spool").iterdir())


def main() -> int:
    """Run the day; return the exit code."""
    parser = argparse.ArgumentParser(description="One leg down for a simulated day.")
    parser.add_argument("--rate", type=int, default=25, help="messages a second, on the simulated clock")
    rate = parser.parse_args().rate
    pipe, theirs = multiprocessing.Pipe()
    vendors = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    vendors.start()
    host = f"http://127.0.0.1:{pipe.recv()}"
    with tempfile.TemporaryDirectory(prefix="pipelines-day-") as folder, freeze_time(START) as clock:
        client = Client(
            "day-customerio",
            f"{host}/customerio",
            segment_write_key="day-segment",
            segment_host=f"{host}/segment",
            state_dir=folder,
            spool_max_bytes=BOUND_BYTES,
            retry_cap_s=5,
        )
        day = Day(client, Path(folder), pipe, rate)
        for hour in range(HOURS):
            took = sorted(day.hour())
            day.wait_for_segment()
            if hour % 6 in (0, 5):
                say_hour(day, hour + 1, took)
            clock.tick(timedelta(hours=1))
        catch_up(day)
        client.shutdown(10)
        conclude(day)
    vendors.terminate()
    for failure in day.failures[:10]:
        say(f"FAILED: {failure}")
    return 1 if day.failures else 0


def say_hour(day: Day, hour: int, took: list[float]) -> None:
    """Say what the caller paid in an hour, and what the leg that is down holds."""
    p50, p99 = (took[int(len(took) * share)] for share in (0.50, 0.99))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    say(
        f"hour {hour:2}: track() p50 {p50:.0f} µs, p99 {p99:.0f} µs; spool {spool_bytes(day.state) >> 20} MB, "
        f"peak memory {memory} MB; {day.client._pipeline.pending()['customerio']:,} wait for Customer.io"
    )


def catch_up(day: Day) -> None:
    """Bring the leg back and wait for it."""
    pending = day.client._pipeline.pending()["customerio"]
    day.seen("up")
    began = monotonic_s()
    while day.client._pipeline.pending()["customerio"] and monotonic_s() - began < MAX_CATCH_UP_S:
        pause(0.1)  # `flush` does not wait for a leg that does not count and fails
    say(f"back: {pending:,} messages in {monotonic_s() - began:.1f} s, the wait for the next try included")


def conclude(day: Day) -> None:
    """Compare what each API saw with what the client counted."""
    seen = day.seen()
    status = read_status(day.state, now=utc_now())
    dropped = Counter(status.legs["customerio"].dropped).total()
    for name, leg in seen.items():
        say(f"{name}: {json.dumps(leg)}")
        day.expect(is_so=leg["disorder"] == 0, otherwise=f"{name} is out of order")
    say(f"sent {day.sent:,}; dropped for Customer.io {dropped:,}; spool at most {day.peak_bytes >> 20} MB on disk")
    day.expect(is_so=status.is_balanced, otherwise="the equation does not hold")
    day.expect(is_so=seen["segment"]["received"] == day.sent, otherwise="Segment lacks messages")
    day.expect(is_so=seen["segment"]["gaps"] == 0, otherwise="Segment has gaps")
    customerio = seen["customerio"]
    day.expect(is_so=customerio["received"] + dropped == day.sent, otherwise="Customer.io lacks messages")
    day.expect(is_so=customerio["gaps"] == dropped, otherwise="what was dropped is not what is missing")
    day.expect(is_so=day.peak_bytes < 2 * BOUND_BYTES, otherwise="the spool outgrew its bound")


def say(line: str) -> None:
    """Print a line now."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
