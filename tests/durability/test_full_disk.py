"""A disk that is full, by others or by us, or that cannot be written: calls go on, and what was taken is delivered."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from disks import DISK, KINDS, mounted
from nursery import Child
from proof import DRAIN, Evidence

# `take` says how many of a run of messages were taken; whatever was not is told apart by its id.
_TAKE = """
    import json, signal
    import pipelines_client as analytics

    def take(name, count):
        ids = [f"{name}{n}" for n in range(count)]
        return [i for i in ids if analytics.track("u1", "E", {"text": "x" * 200}, message_id=i)[0]]

    def say(**facts):
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits[1], limits[1]))  # what it says is not the subject
        print(json.dumps(facts), flush=True)
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    def not_taken():
        return dict(analytics.default_client.not_taken)
"""


@pytest.fixture(params=KINDS)
def disk(request: pytest.FixtureRequest, state_dir: Path) -> Iterator[str]:
    """Each kind of small disk that can be had here, with the state directory on it."""
    with ExitStack() as stack:
        if request.param == "mount":
            stack.enter_context(mounted(state_dir))
        yield request.param


@pytest.fixture
def begin(start: Callable[..., Child], disk: str) -> Callable[..., Child]:
    """Start a script whose state directory is on the small disk; it sends nothing before it is told to flush."""

    def start_parts(*parts: str, **more: str) -> Child:
        script = "\n".join(map(textwrap.dedent, (DISK, _TAKE, *parts)))
        return start(script, DISK=disk, **{"PIPELINES_UPLOAD_INTERVAL": "60", **more})

    return start_parts


def said(child: Child) -> dict[str, Any]:
    """Return all that a child said."""
    lines = [line for line in child.log.splitlines() if line.startswith("{")]
    return {name: value for line in lines for name, value in json.loads(line).items()}


def test_a_disk_that_others_fill_costs_no_message_that_was_taken(begin: Any, evidence: Evidence) -> None:
    """What cannot be taken is answered False and counted; what can no longer be settled waits; both go on with room."""
    child = begin("""
        taken = take("before", 300)
        fill()
        taken += take("full", 100)
        say(refused=400 - len(taken), counted=not_taken(), left=analytics.flush(1.5).pending)
        make_room()
        taken += take("after", 100)
        say(taken=taken, is_done=bool(analytics.flush(25)), not_taken=not_taken())
        """)
    child.finish()
    seen = said(child)
    assert seen["refused"] > 80
    assert seen["counted"] == seen["not_taken"] == {"disk_full": seen["refused"]}
    assert seen["left"]["customerio"] >= 300
    assert seen["is_done"]
    assert len(seen["taken"]) == 500 - seen["refused"]
    evidence.check_nothing_lost(set(seen["taken"]))
    assert evidence.duplicates == {"customerio": 0, "segment": 0}
    assert evidence.delivered["customerio"].keys() == set(seen["taken"])


def test_a_disk_that_our_own_backlog_fills_keeps_room_to_settle_it(begin: Any, evidence: Evidence) -> None:
    """Messages are taken while there is room for the ledger to say what became of them; then the leg catches up."""
    child = begin("""
        be_small()
        taken = take("m", 3_000)
        if os.environ["DISK"] == "limit":
            make_room()  # a limit for each file, unlike a disk, is not less for one file where another is smaller
        say(counted=not_taken(), is_done=bool(analytics.flush(20)))
        taken += take("after", 10)
        say(taken=taken, is_done_after=bool(analytics.flush(20)))
        """)
    child.finish()
    seen = said(child)
    assert seen["counted"]["disk_full"] > 1_000
    assert seen["is_done"]
    assert seen["is_done_after"]
    assert seen["taken"][-10:] == [f"after{n}" for n in range(10)]
    evidence.check_nothing_lost(set(seen["taken"]))
    assert evidence.duplicates == {"customerio": 0, "segment": 0}


@pytest.mark.parametrize("disk", [kind for kind in KINDS if kind == "mount"], indirect=True)
def test_a_disk_that_others_nearly_fill_keeps_room_to_settle_what_waits(begin: Any, evidence: Evidence) -> None:
    """Between two checks, no more is written than the ledger still has room for."""
    child = begin("""
        taken = take("before", 300)
        fill(but=600_000)
        taken += take("m", 3_000)
        say(counted=not_taken(), is_done=bool(analytics.flush(20)))
        say(taken=taken + take("after", 10), is_done_after=bool(analytics.flush(20)))
        """)
    child.finish()
    seen = said(child)
    assert seen["counted"]["disk_full"] > 1_000
    assert seen["is_done"]
    assert seen["is_done_after"]
    assert len(seen["taken"]) == 3_310 - seen["counted"]["disk_full"]
    evidence.check_nothing_lost(set(seen["taken"]))
    assert evidence.duplicates == {"customerio": 0, "segment": 0}


def test_a_kill_on_a_full_disk_loses_nothing(begin: Any, start: Any, evidence: Evidence, disk: str) -> None:
    """Neither it nor a process that starts on the full disk; the first one with room delivers all."""
    first = begin("""
        taken = take("before", 100)
        fill()
        taken += take("full", 100)
        say(taken=taken)
        analytics.flush(1)
        os.kill(os.getpid(), signal.SIGKILL)
        """)
    assert first.wait() == -9, first.log
    begin("""
        fill() if os.environ["DISK"] == "limit" else None
        analytics.flush(1)
        os._exit(0)
        """).wait()
    if disk == "mount":
        (evidence.state_dir / "filler").unlink()
    start(DRAIN).finish()
    evidence.check_nothing_lost(set(said(first)["taken"]))


def test_an_end_on_a_full_disk_is_quiet_and_leaves_the_rest(begin: Any, start: Any, evidence: Evidence) -> None:
    """The exit neither raises nor loses a count: the next process seals and publishes."""
    first = begin("""
        say(taken=take("m", 200))
        assert analytics.flush(20)
        fill()
        analytics.shutdown(1)
        """)
    first.finish()
    if (evidence.state_dir / "filler").exists():
        (evidence.state_dir / "filler").unlink()
    start(DRAIN).finish()
    evidence.check_nothing_lost(set(said(first)["taken"]))
