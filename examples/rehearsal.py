"""The whole cutover on this machine, with traffic that never stops: all stages, an outage, a step back, and on again.

    make rehearsal                                   # or: python examples/rehearsal.py --out /tmp/rehearsal

Two applications write all the while; both APIs are the sandbox's. `pipelines-client cutover` moves them from stage to
stage by the stage file that they watch, and refuses where it should: while a leg is down. Days are a minute here: each
stage takes one passing parity report. Exit code 0: it went as planned, and parity passes over all of it. 1: it did not.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

from processes import HERE, DemoError, command, environment, make_afresh
from rich.console import Console
from rich.table import Table

from pipelines_client.routing.plan import Stage
from pipelines_client.sandbox import Sandbox
from pipelines_client.state.ledger import read_ledger

POLL_S = 0.5
SETTLED_S = 2.0  # parity looks at what is older than this: the rest is on its way
FEW = 150  # messages that each leg of a stage gets before it is judged
ENDING_S = 90
PLAN = """
[plan.shadow]
share = 0.25
passing_days = 1
[plan.dual]
passing_days = 1
[plan.live]
passing_days = 1
"""


class Rehearsal:
    """The stage file, the sandbox, and the commands that are typed."""

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
            PIPELINES_SEGMENT_INTEGRATIONS="customerio_off",
            PIPELINES_STATE_DIR=str(out / "state"),
            PIPELINES_STAGE_FILE=str(self._file),
            PIPELINES_STAGE_POLL_S=str(POLL_S),
            PIPELINES_UPLOAD_INTERVAL="0.2",
            PIPELINES_RETRY_CAP_S="1",
        )

    def begin(self) -> None:
        """Write the stage file and its plan."""
        self.cutover("start", "--reason", "rehearsal")
        with self._file.open("a", encoding="utf-8") as file:
            file.write(PLAN)

    def cutover(self, *words: str, expected: int = 0) -> None:
        """Type `pipelines-client cutover …` and show what it says.

        Raises:
            DemoError: It ended otherwise than planned.
        """
        done = self._run("cutover", *words)
        said = (done.stdout + done.stderr).strip()
        self._console.print(f"$ pipelines-client cutover {' '.join(words)}", style="bold", markup=False)
        self._console.print(f"{said}\n", markup=False, soft_wrap=True)
        if done.returncode != expected:
            raise DemoError(f"exit code {done.returncode}, not {expected}")

    def write_at(self, stage: Stage) -> None:
        """Wait until each leg of a stage has had some of its messages."""
        apis = [api for api in (self._sandbox.customerio, self._sandbox.segment) if api.name != stage.left_out]
        time.sleep(2 * POLL_S)  # until all have heard of it
        for api in apis:
            if not api.wait_for(api.count + FEW, ENDING_S):
                raise DemoError(f"{api.name} gets no messages at {stage.value}")

    def judge(self, expected: str, *, ago_s: float = SETTLED_S, history: bool = True) -> None:
        """Compare what was sent with what both sides have, and say the verdict.

        Raises:
            DemoError: It is another one than was planned.
        """
        time.sleep(ago_s + 1)
        exports, report = self._out / "exports", self._out / "report.json"
        self._sandbox.export(exports)
        until = datetime.now(timezone.utc) - timedelta(seconds=ago_s + 1)
        sides = ("--segment", str(exports / "segment"), "--customerio", str(exports / "customerio"))
        outputs = ("--output", str(report), "--output", str(report.with_suffix(".html")))
        kept = ("--history", str(self._out / "parity-history.jsonl")) if history else ("--no-history",)
        window = ("--until", until.isoformat()) if history else ("--all",)
        # Traffic never stops, so something always waits. It is newer than the window: only the ledger is asked.
        ledger = self._out / "state" / ("ledger" if history else "")
        done = self._run("parity", "--ledger", str(ledger), *sides, *outputs, *kept, *window)
        if done.returncode not in (0, 1, 3):
            raise DemoError(done.stderr.strip())
        found = json.loads(report.read_bytes())
        self._console.print(f"parity: {found['verdict']}. {found['headline']}\n", markup=False, soft_wrap=True)
        if found["verdict"] != expected:
            raise DemoError(f"parity's verdict is {found['verdict']}, not {expected}; see {report}")

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own programs
            [*command(), *words], cwd=self._out, env=self.settings, capture_output=True, text=True, check=False
        )


def rehearse(act: Rehearsal, sandbox: Sandbox) -> None:
    """All stages, an outage of Customer.io at `dual`, a step back from `live`, and on to the end."""
    act.write_at(Stage.SEGMENT)
    act.cutover("advance")
    act.write_at(Stage.SHADOW)
    act.judge("pass")
    act.cutover("advance", "--reason", "a quarter of the people are right")
    act.write_at(Stage.DUAL)
    sandbox.customerio.answer(503)
    time.sleep(2)
    act.judge("fail", ago_s=1)
    act.cutover("advance", expected=1)
    sandbox.customerio.normal()
    act.write_at(Stage.DUAL)
    act.judge("pass")
    act.cutover("advance", "--reason", "the outage left no trace")
    act.write_at(Stage.LIVE)
    act.cutover("rollback", "--reason", "to see that it can be done")
    act.write_at(Stage.DUAL)
    act.judge("pass")
    act.cutover("advance", "--reason", "and on again")
    act.write_at(Stage.LIVE)
    act.judge("pass")
    act.cutover("status")
    act.cutover("advance", "--reason", "Segment may be switched off")
    act.write_at(Stage.COMPLETE)


@contextmanager
def traffic(settings: dict[str, str], log: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Run two applications; they end, and deliver what they have, when the block does."""
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
    """Count what became of the messages of each stage."""
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
    parser = argparse.ArgumentParser(description="All stages with traffic, an outage, a step back, and on again.")
    parser.add_argument("--out", type=Path, default=Path("rehearsal-out"), metavar="DIR", help="made afresh")
    out = parser.parse_args().out.resolve()
    console, began = Console(highlight=False), time.monotonic()
    try:
        make_afresh(out)
        with Sandbox() as sandbox:
            act = Rehearsal(out, sandbox, console)
            act.begin()
            with traffic(act.settings, out / "traffic.log"):
                rehearse(act, sandbox)
            act.judge("pass", history=False)
        act.cutover("log")
    except (DemoError, subprocess.SubprocessError) as error:
        console.print(f"rehearsal: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130
    console.print(table(out / "state"))
    console.print(f"\nIt went as planned, in {time.monotonic() - began:.0f} s; all of it is in {os.path.relpath(out)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
