"""Who looks for what dead processes left, and when; how often a message may come."""

from __future__ import annotations

import os
import textwrap
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time
from nursery import Nursery

from pipelines_client import Client
from pipelines_client.clock import utc_now
from pipelines_client.delivery import adoption
from pipelines_client.delivery.adoption import Turn
from pipelines_client.delivery.draining import drain
from pipelines_client.delivery.spool.leftovers import open_dead
from pipelines_client.delivery.status import read_status
from pipelines_client.state.layout import StateDir


def test_one_process_looks_on_behalf_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others wait for their turn, however many there are."""
    monkeypatch.setattr(adoption, "ADOPT_AFTER_S", 0.0)
    state = StateDir(tmp_path)
    looks = []
    for turn in [Turn(lambda: state) for _ in range(20)]:
        assert turn.is_due(is_asked=False)
        with turn.taken(is_asked=False) as is_ours:
            looks.append(is_ours)
        assert not turn.is_due(is_asked=False)
    assert looks == [True] + [False] * 19


@pytest.mark.parametrize("content", [b"", b"9" * 9_000, b"\xff", b"-1", b"1e9", "\u00b2".encode()])
def test_a_damaged_file_of_turns_costs_no_look(tmp_path: Path, content: bytes) -> None:
    """It is written anew."""
    state = StateDir(tmp_path)
    (tmp_path / adoption._TURN).write_bytes(content)
    os.utime(tmp_path / adoption._TURN, (0, 0))
    with Turn(lambda: state).taken(is_asked=False) as is_ours:
        assert is_ours
    assert (tmp_path / adoption._TURN).read_bytes().isdigit()


def test_files_with_strange_names_among_the_spools_are_left_alone(
    run: Callable[..., None], sandbox: Any, state_dir: Path
) -> None:
    """Whatever a person or a backup has put there."""
    folder = state_dir / "spool"
    folder.mkdir(parents=True)
    for name in ("a.\u00b2.log", "a..log", ".log", "b.1.log", "c.lock", "d.db", "e.x.log", "f.-1.log"):
        (folder / name).write_bytes(b"strange")
    (folder / "g.db").mkdir()
    run("analytics.track('u1', 'E', message_id='m'); assert analytics.flush(5)")
    assert arrivals(sandbox.customerio) == {"m": 1}
    assert {"a.\u00b2.log", "g.db", "e.x.log"} <= {path.name for path in folder.iterdir()}


def test_a_young_process_does_not_look_unless_it_is_asked_to(tmp_path: Path) -> None:
    """It may be about to end, and what it cannot wait for would be sent again."""
    turn = Turn(lambda: StateDir(tmp_path))
    assert not turn.is_due(is_asked=False)
    assert turn.is_due(is_asked=True)
    with turn.taken(is_asked=True) as is_ours:
        assert is_ours
    assert not turn.is_due(is_asked=True)


def test_a_lease_that_ends_makes_a_look_due(tmp_path: Path) -> None:
    """What was left for its lease is looked at again then."""
    turn = Turn(lambda: StateDir(tmp_path))
    turn.note(may_be_more=False, leased_until=utc_now().timestamp() + 100)
    assert turn.leased_for_s is not None
    assert 99 < turn.leased_for_s <= 100
    assert not turn.is_due(is_asked=False)
    turn.note(may_be_more=False, leased_until=utc_now().timestamp() - 1)
    assert turn.is_due(is_asked=False)


RUN = """
    import os, threading
    import pipelines_client as analytics
    {body}
    os._exit(0)
"""


@pytest.fixture
def run(sandbox: Any, state_dir: Path, nursery: Nursery) -> Callable[..., None]:
    """Run a script that ends by `os._exit`."""

    def start(body: str, **more: str) -> None:
        environment = {
            "PIPELINES_STATE_DIR": str(state_dir),
            "PIPELINES_WRITE_KEY": "cio-key",
            "PIPELINES_HOST": sandbox.customerio.url,
            **more,
        }
        script = RUN.format(body=textwrap.indent(textwrap.dedent(body), "    ").strip())
        nursery.start(script, **environment).finish()

    return start


def arrivals(api: Any) -> Counter[str]:
    return Counter(api.message_ids())


def test_processes_that_live_for_a_moment_send_nothing_again(
    run: Callable[..., None], sandbox: Any, make_client: Callable[..., Client]
) -> None:
    """As rq's work horses do: each says something and ends by `os._exit` while the API is slow."""
    for number in range(8):
        run(f"analytics.track('u1', 'E', message_id='m{number}')")
    sandbox.customerio.delay_s = 0.1
    assert make_client(segment_write_key=None).flush(timeout=15)
    assert arrivals(sandbox.customerio) == {f"m{number}": 1 for number in range(8)}


def test_what_an_adopter_has_under_way_when_it_dies_is_left_for_its_lease_and_counted(
    run: Callable[..., None], sandbox: Any, state_dir: Path, make_client: Callable[..., Client]
) -> None:
    """Two arrivals at most: none of the processes that come meanwhile sends it again."""
    run("analytics.track('u1', 'E', message_id='m')")
    sandbox.customerio.delay_s = 1.0
    for _ in range(4):
        run("analytics.flush(0.3)")
    assert arrivals(sandbox.customerio) == {"m": 1}
    (log,) = (state_dir / "spool").glob("*.log")
    spool = open_dead(log.with_name(log.name.partition(".")[0] + ".db"))
    assert spool is not None
    assert 0 < spool.standing.cursors["customerio"].leased_until - utc_now().timestamp() <= 15
    spool.close()
    sandbox.customerio.delay_s = 0.0
    with freeze_time(utc_now() + timedelta(minutes=1)):
        assert make_client(segment_write_key=None).flush(timeout=15)
    assert arrivals(sandbox.customerio) == {"m": 2}
    status = read_status(state_dir, now=utc_now())
    assert status.is_balanced
    assert status.legs["customerio"].resent == 1


def in_minutes(minutes: int) -> str:
    """Return a line of a script that advances its clock."""
    at = f"{utc_now() + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"
    return f"import freezegun; freezegun.freeze_time('{at}', tick=True).start()"


def test_a_second_crash_repeats_one_message_and_short_lived_processes_repeat_nothing_after_it(
    run: Callable[..., None], sandbox: Any, state_dir: Path
) -> None:
    """What two processes died with waits for one that has lived for as long as an answer may take, or for `drain`."""
    sandbox.customerio.delay_s = 1.0
    quick = {"PIPELINES_TIMEOUT": "2"}
    run("for n in range(5): analytics.track('u1', 'E', message_id=f'm{n}')\nanalytics.flush(0.3)", **quick)
    assert arrivals(sandbox.customerio) == {f"m{n}": 1 for n in range(5)}
    for minutes in range(1, 5):
        run(f"{in_minutes(minutes)}; analytics.flush(0.3)", **quick)
        assert arrivals(sandbox.customerio) == {"m0": 2} | {f"m{n}": 1 for n in range(1, 5)}
    sandbox.customerio.delay_s = 0.0
    run(f"{in_minutes(6)}; analytics.flush(2.5)", **quick)
    assert arrivals(sandbox.customerio) == {"m0": 3} | {f"m{n}": 2 for n in range(1, 5)}
    status = read_status(state_dir, now=utc_now())
    assert status.is_balanced
    assert (status.legs["customerio"].accepted, status.legs["customerio"].resent) == (5, 6)


def test_drain_sends_at_once_what_two_processes_died_with(
    run: Callable[..., None], sandbox: Any, make_client: Callable[..., Client]
) -> None:
    """A person has decided."""
    sandbox.customerio.delay_s = 1.0
    run("analytics.track('u1', 'E', message_id='m'); analytics.flush(0.3)")
    run("analytics.flush(0.3)")
    sandbox.customerio.delay_s = 0.0
    with freeze_time(utc_now() + timedelta(minutes=1)):
        assert drain(make_client(segment_write_key=None).settings, timeout_s=5).settled == {"customerio": 1}
    assert arrivals(sandbox.customerio) == {"m": 3}


def test_an_exit_adopts_nothing(run: Callable[..., None], sandbox: Any) -> None:
    """A script that ends in order delivers its own messages, and leaves those of others alone."""
    run("analytics.track('u1', 'E', message_id='left')")
    run("import atexit; analytics.track('u1', 'E', message_id='mine'); atexit._run_exitfuncs()")
    assert arrivals(sandbox.customerio) == {"mine": 1}


def test_without_threads_calls_are_taken_and_the_next_process_delivers_them(
    run: Callable[..., None], sandbox: Any, make_client: Callable[..., Client]
) -> None:
    """The limit of tasks is reached: a call needs a disk, and nothing else."""
    run(
        """
        def refuse(self):
            raise RuntimeError("can't start new thread")
        threading.Thread.start = refuse
        assert all(analytics.track("u1", "E", message_id=f"m{n}")[0] for n in range(5))
        assert analytics.flush(1).left == 5
        """
    )
    assert make_client(segment_write_key=None).flush(timeout=5)
    assert arrivals(sandbox.customerio) == {f"m{n}": 1 for n in range(5)}
