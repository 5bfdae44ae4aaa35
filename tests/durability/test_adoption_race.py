"""Spools of dead processes are adopted once, under a lock: at start, by living siblings, or by `drain`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from nursery import Child
from proof import DRAIN, Evidence, finish

SPOOLS, MESSAGES = 20, 50
ALL = {f"d{spool}-{n}" for spool in range(SPOOLS) for n in range(MESSAGES)}
DYING = f"""
    import os, signal
    import pipelines_client as analytics
    from pipelines_client.delivery import pipeline
    pipeline.MAX_ADOPTED = 0  # a request of a process that is killed may be answered after its death
    client = analytics.Client(upload_interval=60)
    for n in range({MESSAGES}):
        assert client.track("u1", "E", {{}}, message_id=f"{{os.environ['NAME']}}-{{n}}")[0]
    os.kill(os.getpid(), signal.SIGKILL)
"""
HEIR = """
    import os, pathlib
    import pipelines_client as analytics
    client = analytics.Client(upload_size=7)
    os.read(os.open(os.environ["GO"], os.O_RDONLY), 1)
    assert client.flush(20)
"""


def leave_spools(start: Callable[..., Child], sandbox: Any, count: int = SPOOLS) -> None:
    """Let this many processes die with messages that no API took, even if another inherited them meanwhile."""
    for api in (sandbox.customerio, sandbox.segment):
        api.answer(503)
    dying = [start(DYING, NAME=f"d{number}") for number in range(count)]
    assert {child.wait() for child in dying} == {-9}
    for api in (sandbox.customerio, sandbox.segment):
        api.normal()


@pytest.fixture
def start_together(start: Callable[..., Child], tmp_path: Path) -> Iterator[Callable[[str, int], list[Child]]]:
    """Start processes that wait for each other before they look."""
    os.mkfifo(tmp_path / "go")
    gate = os.open(tmp_path / "go", os.O_RDWR)

    def begin(script: str, count: int, **more: str) -> list[Child]:
        children = [start(script, GO=str(tmp_path / "go"), **more) for _ in range(count)]
        os.write(gate, b"!" * count)
        return children

    yield begin
    os.close(gate)


def test_six_at_once_over_twenty_spools_deliver_each_message_once(
    start: Any, start_together: Any, evidence: Evidence, say: Callable[[str], None]
) -> None:
    """No one is killed, so nothing comes twice; the first to come does not always take all."""
    leave_spools(start, evidence.sandbox)
    # Late processes find nothing and end; the adopter stays until everything is delivered.
    for child in start_together(HEIR, 6):
        child.finish()
    evidence.check_nothing_lost(ALL)
    assert evidence.duplicates == {"customerio": 0, "segment": 0}
    assert list((evidence.state_dir / "spool").iterdir()) == []
    say(f"adopted {SPOOLS} spools by 6 competing processes: {len(ALL)} messages delivered, duplicates 0")


def test_adopting_processes_that_are_killed_leave_the_rest_to_others(
    start: Any, start_together: Any, evidence: Evidence
) -> None:
    """Three of six die while they deliver; the others, or later processes, deliver the rest."""
    leave_spools(start, evidence.sandbox)
    evidence.sandbox.customerio.delay_s = 0.02
    heirs = start_together(HEIR, 6, PIPELINES_TIMEOUT="3")  # the lease of what the killed have under way
    assert evidence.sandbox.segment.wait_for(200)
    for child in heirs[:3]:
        if child.is_running:
            os.kill(child.pid, 9)
    codes = [child.wait() for child in heirs]
    assert set(codes[3:]) == {0}, [child.log for child in heirs]
    start(DRAIN).finish()
    evidence.check_nothing_lost(ALL)


def test_a_living_sibling_delivers_what_a_killed_one_left(start: Any, evidence: Evidence) -> None:
    """Within about ten seconds and without a call; at once here, because the clock is advanced."""
    alive = start("""
        import signal
        import pipelines_client as analytics
        from pipelines_client.delivery import adoption
        adoption.ADOPT_EVERY_S = 0.2
        analytics.track("u1", "E", {}, message_id="alive")
        signal.pause()
        """)
    assert evidence.sandbox.segment.wait_for(1)
    leave_spools(start, evidence.sandbox, 2)
    expected = {f"d{spool}-{n}" for spool in range(2) for n in range(MESSAGES)} | {"alive"}
    for api in (evidence.sandbox.customerio, evidence.sandbox.segment):
        assert api.wait_for(len(expected), 15)
    alive.kill()
    start(DRAIN).finish()
    evidence.check_nothing_lost(expected)


def test_drains_beside_processes_that_start_deliver_each_message_once(
    run: Any, start: Any, start_together: Any, evidence: Evidence
) -> None:
    """Two `pipelines-client drain` and two processes, over the same files, while `status` looks in."""
    leave_spools(start, evidence.sandbox)
    drain = (sys.executable, "-c", "from pipelines_client.cli import main; main()", "drain", "--timeout", "20")
    drains = [run(*drain) for _ in range(2)]
    heirs = start_together(HEIR, 2)
    never = Event()
    while any(process.poll() is None for process in drains):
        assert evidence.status().is_balanced
        never.wait(0.02)
    for child in heirs:
        child.finish()
    outs = [process.communicate()[0] for process in drains]
    assert all("Traceback" not in out for out in outs), outs
    finish(run(*drain))
    evidence.check_nothing_lost(ALL)
    assert evidence.duplicates == {"customerio": 0, "segment": 0}


def test_two_clients_of_one_process_keep_their_files_from_others(run: Any, start: Any, evidence: Evidence) -> None:
    """A POSIX lock is lost when its process opens and closes the file again; no code here does."""
    script = """
        import os, pathlib, sys
        import pipelines_client as analytics
        from pipelines_client.clock import utc_now
        from pipelines_client.delivery.status import read_status
        clients = [analytics.Client(upload_interval=60) for _ in range(3)]
        for n, client in enumerate(clients):
            client.track("u1", "E", {}, message_id=f"m{n}")
        assert read_status(pathlib.Path(os.environ["PIPELINES_STATE_DIR"]), now=utc_now()).living == 3
        print("waits", flush=True)
        sys.stdin.readline()
        for client in clients:
            assert client.flush(5)
        """
    process = run(script=script)
    assert process.stdout.readline() == "waits\n"
    start(DRAIN).finish()
    assert evidence.sandbox.customerio.count == evidence.sandbox.segment.count == 0
    finish(process)
    evidence.check_nothing_lost({"m0", "m1", "m2"})


def test_a_client_released_as_the_process_ends_delivers_once(start: Any, evidence: Evidence) -> None:
    """A function's own client: the collector retires it while the exit closes it."""
    script = """
        import os, threading
        import pipelines_client as analytics
        start = threading.Thread.start
        def start_slowly(thread):
            threading.Event().wait(0.03)
            start(thread)
        threading.Thread.start = start_slowly
        def main():
            client = analytics.Client()
            for n in range(3):
                client.track("u1", "E", {}, message_id=f"{os.environ['NAME']}-{n}")
            if os.environ["FLUSH"]:
                client.flush(5)
        main()
        """
    names = [f"m{number}" for number in range(8)]
    for number, name in enumerate(names):
        start(script, NAME=name, FLUSH="yes" if number % 2 else "").finish()
    start(DRAIN).finish()
    evidence.check_nothing_lost({f"{name}-{n}" for name in names for n in range(3)})
    assert evidence.duplicates == {"customerio": 0, "segment": 0}
