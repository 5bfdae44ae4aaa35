"""Ten minutes of everything at once, ending in proof that nothing is missing.

    make soak               # or: make soak MINUTES=1

Both APIs run in a separate process, with faults that change every few seconds. Four processes write to both legs
and are killed and started again all the time. In the end the weather clears, all four are killed, `drain` delivers what
they left, `status` checks the equation, and `pipelines-client parity` compares the ledger with both exports: nothing
may be missing or differ. Rows that repeat a message may be as many as the kills explain: one batch, sent and not yet
settled, for each spool that a killed process could have had in hand.

Exit code 0: all of it held. 1: not so. The evidence stays in the folder that is named in the end.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

from pipelines_client.clock import utc_now
from pipelines_client.delivery.status import read_status

HERE = Path(__file__).parent
WRITERS, UPLOAD_SIZE = 4, 50
SETTINGS = {
    "PIPELINES_WRITE_KEY": "soak-customerio",
    "PIPELINES_SEGMENT_WRITE_KEY": "soak-segment",
    "PIPELINES_UPLOAD_SIZE": str(UPLOAD_SIZE),
    "PIPELINES_UPLOAD_INTERVAL": "0.1",
    "PIPELINES_RETRY_BASE_S": "0.1",
    "PIPELINES_RETRY_CAP_S": "2",
    "PIPELINES_TIMEOUT": "2",
}


@dataclass
class Soak:
    """One run: its folder, its processes, and what it has counted."""

    folder: Path
    random: Random
    environment: dict[str, str]
    writers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    started: int = 0
    killed: int = 0
    explained: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def state(self) -> Path:
        """The state directory that all processes share."""
        return self.folder / "state"

    def start_writer(self) -> None:
        """Start one more."""
        self.started += 1
        ids = self.folder / "ids" / f"{self.started}.txt"
        with (self.folder / "writers.log").open("ab") as log:
            command = (sys.executable, HERE / "writer.py", ids)
            self.writers.append(subprocess.Popen(command, env=self.environment, stdout=log, stderr=log))

    def kill_writer(self) -> None:
        """Kill one of them, whatever it is at; count what it may have sent in vain."""
        writer = self.writers.pop(self.random.randrange(len(self.writers)))
        if writer.poll() is not None:
            self.failures.append(f"a writer ended by itself, with {writer.returncode}")
        spools = len(list((self.state / "spool").glob("*.db")))
        self.explained += UPLOAD_SIZE * max(1, spools - len(self.writers))  # those of the others are not its own
        writer.kill()
        writer.wait()
        self.killed += 1

    def check_equation(self) -> None:
        """Look as an operator would, in the middle of it all, once a writer has written."""
        if not (self.state / "spool").is_dir():
            return
        status = read_status(self.state, now=utc_now())
        if not status.is_balanced or status.unreadable:
            self.failures.append(f"status, after {self.killed} kills: {json.dumps(status.as_dict())}")

    def command(self, *arguments: object) -> int:
        """Run a command of ours as a user does; its words go through, its exit code comes back."""
        say(f"$ pipelines-client {' '.join(map(str, arguments))}")
        start = (sys.executable, "-c", "from pipelines_client.cli import main; main()")
        code = subprocess.run((*start, *map(str, arguments)), env=self.environment, check=False).returncode
        say(f"exit code {code}")
        return code

    def expect(self, *, is_so: bool, otherwise: str) -> None:
        """Note a failure."""
        if not is_so:
            self.failures.append(otherwise)


def main() -> int:
    """Run it; return the exit code."""
    parser = argparse.ArgumentParser(description="Writers that are killed, vendors that fail, and nothing missing.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=20261102)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="pipelines-soak-"))
    (folder / "ids").mkdir()
    vendors = subprocess.Popen(
        (sys.executable, HERE / "vendors.py", folder / "exports", str(options.seed)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        urls = read_line(vendors)
        soak = Soak(folder, Random(options.seed), variables(folder, urls))
        press(soak, seconds=options.minutes * 60)
        tell(vendors, "calm")
        soak.expect(is_so=soak.command("drain", "--timeout", 120) == 0, otherwise="drain left something")
        soak.expect(is_so=soak.command("status") == 0, otherwise="the equation does not hold")
        tell(vendors, "end")
        counts = read_line(vendors)
        return conclude(soak, counts)
    finally:
        for writer in locals().get("soak", Soak(folder, Random(0), {})).writers:
            writer.kill()
        vendors.kill()
        vendors.communicate()


def press(soak: Soak, *, seconds: float) -> None:
    """Start the writers; kill and start again until time is up; kill them all."""
    never, until, said_at = Event(), time.monotonic() + seconds, time.monotonic()
    for _ in range(WRITERS):
        soak.start_writer()
    while time.monotonic() < until:
        never.wait(soak.random.uniform(0.5, 2.5))  # the instant is the subject
        soak.kill_writer()
        soak.start_writer()
        soak.check_equation()
        if time.monotonic() - said_at > 30:
            said_at = time.monotonic()
            left = len(list((soak.state / "spool").glob("*.db")))
            say(f"{until - said_at:5.0f} s to go: killed {soak.killed} times, {left} spools")
    while soak.writers:
        soak.kill_writer()


def conclude(soak: Soak, counts: dict[str, Any]) -> int:
    """Compare what was acknowledged with both exports, then let parity judge; say all counts."""
    accepted = {id_ for path in (soak.folder / "ids").iterdir() for id_ in path.read_text("ascii").split()}
    exports = soak.folder / "exports"
    for name, read in (("customerio", customerio_ids), ("segment", segment_ids)):
        missing = accepted - set(read(exports / name))
        counts[name]["missing"] = len(missing)
        soak.expect(is_so=not missing, otherwise=f"{name} lacks {len(missing)} messages, as {sorted(missing)[:3]}")
        repeats = counts[name]["repeats"]
        soak.expect(is_so=repeats <= soak.explained, otherwise=f"{name}: {repeats} repeats, kills explain fewer")
    allowed = min(100.0, 100 * soak.explained / max(1, counts["customerio"]["messages"]))
    say(f"\nkilled {soak.killed} times, accepted {len(accepted):,}; {soak.explained:,} repeats explained by kills")
    for name, count in counts.items():
        say(f"{name}: delivered {count['messages']:,}, missing {count['missing']}, duplicates {count['repeats']:,}")
        say(f"  answers {count['answers']}; weather {count['weather']}")
    sources = ("--ledger", soak.state, "--segment", exports / "segment", "--customerio", exports / "customerio")
    limits = ("--all", "--max-missing", "0", "--max-drift", "0", "--max-duplicates", f"{allowed:.2f}%")
    verdict = soak.command("parity", "--no-history", *sources, *limits, "--output", soak.folder / "parity.json")
    soak.expect(is_so=verdict == 0, otherwise=f"parity exits with {verdict}")
    report = json.loads((soak.folder / "parity.json").read_text("utf-8"))
    missing = report["totals"]["missing"]
    soak.expect(is_so=not any(missing.values()), otherwise=f"parity misses {missing}")
    for failure in soak.failures:
        say(f"FAILED: {failure}")
    say(f"{'the soak failed' if soak.failures else 'nothing is missing'}; evidence in {soak.folder}")
    return 1 if soak.failures else 0


def segment_ids(folder: Path) -> Iterator[str]:
    """Read the ids of Segment's archive, without our own reader."""
    for path in folder.rglob("*.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield from (json.loads(line)["messageId"] for line in file)


def customerio_ids(folder: Path) -> Iterator[str]:
    """Read the ids of Customer.io's files, without our own reader."""
    for path in folder.rglob("*.json"):
        with path.open(encoding="utf-8") as file:
            yield from (json.loads(line)["id"] for line in file)


def variables(folder: Path, urls: dict[str, str]) -> dict[str, str]:
    """Return the environment of the writers and of the commands."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIPELINES_")}
    places = {"PIPELINES_HOST": urls["customerio"], "PIPELINES_SEGMENT_HOST": urls["segment"]}
    return {**kept, **SETTINGS, **places, "PIPELINES_STATE_DIR": str(folder / "state")}


def read_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what it says next."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit("the vendors' process died")
    said: dict[str, Any] = json.loads(line)
    return said


def tell(process: subprocess.Popen[str], word: str) -> None:
    """Send it a line."""
    assert process.stdin is not None
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


def say(line: str) -> None:
    """Print a line now."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
