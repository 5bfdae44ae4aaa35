"""`pipelines-client sandbox`: both APIs on loopback until interrupted, then their exports."""

from __future__ import annotations

import signal
import tempfile
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines_client.cli.common import flag
from pipelines_client.cli.group import DefaultGroup, Later
from pipelines_client.cli.leaving import BAD_INPUT, leave
from pipelines_client.cli.parity.options import moment
from pipelines_client.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from pipelines_client.sandbox import Sandbox


_LAST_PORT = 65_532
ForwardOption = Annotated[
    bool, flag("--forward", "Switch on Segment's own Customer.io destination: it forwards what Segment accepts.")
]
BeforeOption = Annotated[
    str | None,
    typer.Option(metavar="WHEN", help="Let it forward only what was received before then; implies --forward."),
]


class _SandboxGroup(DefaultGroup):
    default = "run"
    later = (
        Later(
            "people",
            "sandbox_people:people",
            "Show who is in the workspace of a running sandbox: everyone, or one person with all attributes.",
        ),
    )


sandbox_app = typer.Typer(cls=_SandboxGroup, help="Run both APIs on loopback, and look at the people in the workspace.")


@sandbox_app.command("run")
def sandbox(
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for both exports; files of earlier runs stay.",
            show_default="a new folder for temporary files",
        ),
    ] = None,
    port: Annotated[
        int,
        typer.Option(min=0, max=_LAST_PORT, metavar="PORT", help="First of four ports on 127.0.0.1; 0: free ports."),
    ] = 0,
    scenario: Annotated[Path | None, typer.Option(metavar="FILE", help="TOML file of faults to plant.")] = None,
    write_key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY",
            help="Accept only this write key; for one API as `segment=KEY`. Repeatable.",
            show_default="any key",
        ),
    ] = None,
    forward: ForwardOption = False,
    forward_before: BeforeOption = None,
) -> None:
    """Run Customer.io's and Segment's APIs on loopback, and write what they accept as both vendors' exports.

    Exit code 0: interrupted by Ctrl-C or SIGTERM, 2: bad input.
    """
    from pipelines_client.sandbox import API_NAMES, Forwarding, Sandbox, Scenario, ScenarioError
    from pipelines_client.sandbox.auth import keys_by_api

    keys = keys_by_api(write_key or [], API_NAMES)
    if out is not None and out.exists() and not out.is_dir():
        leave(BAD_INPUT, f"--out {out} is a file; name a folder")
    try:
        faults = None if scenario is None else Scenario.load(scenario)
    except ScenarioError as error:
        leave(BAD_INPUT, str(error))
    before = moment(forward_before, now=utc_now())
    forwards = Forwarding(before=before) if forward or before else None
    running = Sandbox(port=port, scenario=faults, write_keys=keys, forwarding=forwards)
    _serve(running, keys, out or Path(tempfile.mkdtemp(prefix="pipelines-sandbox-")), port)


def _serve(running: Sandbox, keys: dict[str, list[str]], out: Path, port: int) -> None:
    """Serve until interrupted, and export."""
    from pipelines_client.sandbox.export import keep_exporting

    with _interruption() as interrupted:
        try:
            out.mkdir(parents=True, exist_ok=True)
            running.start()
        except OSError as error:
            ports = f"--port {port} and the three after it" if port else "free ports"
            leave(BAD_INPUT, f"the sandbox cannot start with --out {out} on {ports}: {error.strerror}")
        _announce(running, keys, out)
        try:
            keep_exporting(lambda: sum(api.count for api in running.apis), lambda: running.export(out), interrupted)
        finally:
            running.stop()
            _conclude(running, out)


def _announce(running: Sandbox, keys: dict[str, list[str]], out: Path) -> None:
    for api in running.apis:
        typer.echo(f"{api.name:14} {api.url:40} {api.root_url}")
    typer.echo("")
    typer.echo("Use the second address for a client that drops the path of its host: it sends to /v1/batch there.")
    typer.echo("")
    typer.echo(f"export PIPELINES_HOST={running.customerio.url}")
    typer.echo(f"export PIPELINES_SEGMENT_HOST={running.segment.url}")
    typer.echo(f"export PIPELINES_WRITE_KEY={keys.get('customerio', ['sandbox-customerio'])[0]}")
    typer.echo(f"export PIPELINES_SEGMENT_WRITE_KEY={keys.get('segment', ['sandbox-segment'])[0]}")
    typer.echo("")
    typer.echo(f"Counts at {running.url}/ ; exports go to {out} ; stop with Ctrl-C.")


def _conclude(running: Sandbox, out: Path) -> None:
    try:
        files = running.export(out)
    except OSError as error:
        leave(BAD_INPUT, f"the exports cannot be written to {out}: {error.strerror}")
    counts: Counter[str] = Counter()
    messages: Counter[str] = Counter()
    for path, count in files.items():
        name = path.relative_to(out.resolve()).parts[0]
        counts[name] += 1
        messages[name] += count
    for api in running.apis:
        lost = ", ".join(f"{count} {reason}" for reason, count in sorted(api.lost.items()))
        if counts[api.name] or lost:
            after = f"; lost behind a 200: {lost}" if lost else ""
            typer.echo(f"{out / api.name}: {messages[api.name]} messages in {counts[api.name]} files{after}")
    if running.forwarding is not None:
        times = Counter(min(count, 2) for count in running.in_workspace().values())
        typer.echo(
            f"Segment's destination forwarded {len(running.forwarding.forwarded):,} messages; "
            f"in the workspace {times[1]:,} messages are once, and {times[2]:,} more than once"
        )
    planted = Counter(f"{fault.kind} at {fault.api}" for fault in running.planted)
    if planted:
        faults = ", ".join(f"{count} {kind}" for kind, count in sorted(planted.items()))
        typer.echo(f"{out / 'planted.json'}: {faults}")
    if not files:
        typer.echo("Nothing was accepted, so there is nothing to export.")


@contextmanager
def _interruption() -> Iterator[threading.Event]:
    """Yield an event that SIGINT and SIGTERM set."""
    interrupted = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        interrupted.set()

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
