"""Rehearse the whole cutover on this machine under constant traffic: all stages, an outage and a rollback.

    make rehearsal                                   # or: python examples/rehearsal.py --out /tmp/rehearsal

Two applications send all the time to the sandbox's APIs. `pipelines-client cutover` moves them from stage to stage by
the stage file that they watch, and refuses to advance while a leg is down. Segment's own Customer.io destination is on
all the time: the hand-over sees to it that each message is in the workspace once. Parity has to pass at each stage;
that takes no passing days, because a day counts only what the vendors' files have hours later. Exit code 0: everything
went as planned, parity passes over the whole time, and no message is in the workspace twice or not at all. 1: it did
not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

from processes import HERE, DemoError, command, environment, make_empty
from rich.console import Console
from rich.table import Table

from pipelines_client import Stage, read_ledger
from pipelines_client.sandbox import Forwarding, Sandbox

POLL_S = 0.5
SETTLED_S = 2.0  # parity compares messages older than this: newer ones may be in transit
ENOUGH = 150  # messages that each leg of a stage gets before parity runs
ENDING_S = 90
PLAN = """
[plan.shadow]
share = 0.25
passing_days = 0
[plan.dual]
passing_days = 0
[plan.live]
passing_days = 0
"""


class Rehearsal:
    """The stage file, the sandbox, and the commands that are run."""

    def __init__(self, out: Path, sandbox: Sandbox, console: Console) -> None:
        self._out = out
        self._sandbox = sandbox
        self._console = console
        self._file = out / "stage.toml"
        self.settings = environment(
            PIPELINES_HOST=sandbox.customerio.url,
            PIPELINES_WRITE_KEY="customerio-key",
            PIPELINES_SEGMENT_HOST=sandbox.segment.url,
            PIPELINES_SEGMENT_WRITE_KEY="segment-key",
            PIPELINES_STATE_DIR=str(out / "state"),
            PIPELINES_LEDGER_KEY="0f" * 16,
            PIPELINES_STAGE_FILE=str(self._file),
            PIPELINES_STAGE_POLL_S=str(POLL_S),
            PIPELINES_UPLOAD_INTERVAL="0.2",
            PIPELINES_RETRY_CAP_S="1",
            PIPELINES_UNHEALTHY_AFTER_S="1",
        )

    def begin(self) -> None:
        """Write the stage file and its plan."""
        self.cutover("start", "--reason", "rehearsal")
        with self._file.open("a", encoding="utf-8") as file:
            file.write(PLAN)

    def cutover(self, *words: str, expected: int = 0) -> None:
        """Run `pipelines-client cutover …` and print its output.

        Raises:
            DemoError: Its exit code is not `expected`.
        """
        done = self._run("cutover", *words)
        said = (done.stdout + done.stderr).strip()
        self._console.print(f"$ pipelines-client cutover {' '.join(words)}", style="bold", markup=False)
        self._console.print(f"{said}\n", markup=False, soft_wrap=True)
        if done.returncode != expected:
            raise DemoError(f"exit code {done.returncode}; expected {expected}")

    def send_at(self, stage: Stage) -> None:
        """Wait until each leg of a stage has received some of its messages.

        Raises:
            DemoError: A leg gets no messages.
        """
        apis = [api for api in (self._sandbox.customerio, self._sandbox.segment) if api.name != stage.left_out]
        time.sleep(2 * POLL_S)  # until both applications have read the stage file
        for api in apis:
            if not api.wait_for(api.count + ENOUGH, ENDING_S):
                raise DemoError(f"{api.name} gets no messages at {stage.value}")

    def catch_up(self) -> None:
        """Wait until no leg has a message that has waited for longer than parity grants it.

        Raises:
            DemoError: A leg does not catch up.
        """
        until = time.monotonic() + ENDING_S
        while time.monotonic() < until:
            legs = json.loads(self._run("status", "--json").stdout)["legs"].values()
            if all((leg["lag_s"] or 0.0) < SETTLED_S for leg in legs):
                return
            time.sleep(POLL_S)
        raise DemoError("a leg does not catch up after its outage")

    def judge(self, expected: str, *, ago_s: float = SETTLED_S, history: bool = True) -> None:
        """Run parity and print the verdict.

        Raises:
            DemoError: The verdict is not `expected`.
        """
        time.sleep(ago_s + 1)
        exports, report = self._out / "exports", self._out / "report.json"
        until = datetime.now(timezone.utc) - timedelta(seconds=ago_s + 1)  # before the export, which may take long
        self._sandbox.export(exports)
        sides = ("--segment", str(exports / "segment"), "--customerio", str(exports / "customerio"))
        outputs = ("--output", str(report), "--output", str(report.with_suffix(".html")))
        kept = ("--history", str(self._out / "parity-history.jsonl")) if history else ("--no-history",)
        window = ("--until", until.isoformat()) if history else ("--all",)
        ledger = self._out / "state"
        if history:
            # Under constant traffic some messages always wait. They are newer than the window, so parity gets a copy of
            # the ledger, without the run files that count them.
            ledger = shutil.copytree(ledger / "ledger", self._out / "ledger-copy", dirs_exist_ok=True)
        done = self._run("parity", "--ledger", str(ledger), *sides, *outputs, *kept, *window)
        if done.returncode not in (0, 1, 3):
            raise DemoError(done.stderr.strip())
        content = json.loads(report.read_bytes())
        self._console.print(f"parity: {content['verdict']}. {content['headline']}\n", markup=False, soft_wrap=True)
        if content["verdict"] != expected:
            raise DemoError(f"parity's verdict is {content['verdict']}; expected {expected}; see {report}")

    def check_workspace(self) -> None:
        """Count how often each message is in the workspace: by our leg, and by Segment's destination.

        Raises:
            DemoError: One is there twice, or not at all.
        """
        times = self._sandbox.in_workspace()
        pages = {message["messageId"] for message in self._sandbox.segment.accepted if message["type"] == "page"}
        taken = {record.message_id for record in read_ledger(self._out / "state" / "ledger").records}
        lacking, twice = taken - pages - times.keys(), [id_ for id_, count in times.items() if count > 1]
        if lacking or twice:  # the old way takes no notice of pages without an address (FACTS R6)
            raise DemoError(f"not in the workspace: {len(lacking)} messages; more than once: {len(twice)}")
        self._console.print(f"the workspace has {len(times):,} messages, each once\n", markup=False)

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own programs
            [*command(), *words], cwd=self._out, env=self.settings, capture_output=True, text=True, check=False
        )


def rehearse(act: Rehearsal, sandbox: Sandbox) -> None:
    """Go through all stages, with an outage of Customer.io at `dual` and a rollback from `live`."""
    act.send_at(Stage.SEGMENT)
    act.cutover("handover", "--at", "now", "--reason", "Segment forwards to Customer.io already")
    act.cutover("advance")
    act.send_at(Stage.SHADOW)
    act.judge("pass")
    act.cutover("advance", "--reason", "a quarter of the people match")
    act.send_at(Stage.DUAL)
    sandbox.customerio.answer(503)
    time.sleep(2)
    act.judge("fail", ago_s=1)
    act.cutover("advance", expected=1)
    sandbox.customerio.normal()
    act.send_at(Stage.DUAL)
    act.catch_up()
    act.judge("pass")
    act.cutover("advance", "--reason", "the outage left no trace")
    act.send_at(Stage.LIVE)
    act.cutover("rollback", "--reason", "to test the rollback")
    act.send_at(Stage.DUAL)
    act.judge("pass")
    act.cutover("advance", "--reason", "after the test")
    act.send_at(Stage.LIVE)
    act.judge("pass")
    act.cutover("status")
    act.cutover("advance", "--reason", "Segment may be switched off")
    act.send_at(Stage.COMPLETE)
    act.cutover("rollback", "--to", "live", "--reason", "back under traffic: replay comes after it")
    act.send_at(Stage.LIVE)
    act.cutover("advance", "--to", "complete", "--reason", "after the test")
    act.send_at(Stage.COMPLETE)


@contextmanager
def traffic(settings: dict[str, str], log: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Run two applications; when the block ends, they deliver what is left and end.

    Raises:
        DemoError: An application could not deliver everything.
    """
    with log.open("w", encoding="utf-8") as errors:
        running = [
            subprocess.Popen(  # noqa: S603 - our own programs
                [sys.executable, str(HERE / "traffic.py"), name],
                env=settings,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
            for name in ("web", "jobs")
        ]
        try:
            yield running
            said = [json.loads(process.communicate(timeout=ENDING_S)[0]) for process in running]
            if any(process.returncode or line["left"] for process, line in zip(running, said, strict=True)):
                raise DemoError(f"an application could not deliver everything; see {log}")
        finally:
            for process in running:
                process.kill()
                process.communicate()


def table(state: Path) -> Table:
    """Return a table of the messages of each stage."""
    last = {(record.message_id, record.leg): record for record in read_ledger(state / "ledger").records}
    counts = Counter((record.stage, record.leg, record.outcome.value) for record in last.values())
    laid = Table("stage", "messages", "to Customer.io", "to Segment", box=None, pad_edge=False, title="What was sent")
    for stage in Stage:
        accepted = [counts[stage.value, leg, "accepted"] for leg in ("customerio", "segment")]
        messages = sum(count for (name, leg, _), count in counts.items() if (name, leg) == (stage.value, "segment"))
        laid.add_row(stage.value, *(f"{number:,}" for number in (messages, *accepted)))
    return laid


def main() -> int:
    """Rehearse; return the exit code."""
    parser = argparse.ArgumentParser(description="Rehearse all stages under traffic, with an outage and a rollback.")
    parser.add_argument(
        "--out", type=Path, default=Path("rehearsal-out"), metavar="DIR", help="folder for the results; emptied first"
    )
    out = parser.parse_args().out.resolve()
    console, began = Console(highlight=False), time.monotonic()
    try:
        make_empty(out)
        with Sandbox(forwarding=Forwarding()) as sandbox:
            act = Rehearsal(out, sandbox, console)
            act.begin()
            with traffic(act.settings, out / "traffic.log"):
                rehearse(act, sandbox)
            act.judge("pass", history=False)
            act.check_workspace()
        act.cutover("log")
    except (DemoError, subprocess.SubprocessError) as error:
        console.print(f"rehearsal: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130
    console.print(table(out / "state"))
    console.print(
        f"\nEverything went as planned, in {time.monotonic() - began:.0f} s. The files are in {os.path.relpath(out)}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
