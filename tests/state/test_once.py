"""The window of events that are sent once: exactly one sends, none is lost, and no fault of the disk costs an event."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from pathlib import Path

import pytest

from pipelines_client.state import once
from pipelines_client.state.once import OnceWindow


def _sends(window: OnceWindow, mark: str) -> bool:
    claim = window.claim(mark)
    if claim.was_sent:
        return False
    claim.settle(is_taken=True)
    return True


def test_what_was_taken_is_not_sent_again_and_what_was_not_is(tmp_path: Path) -> None:
    """Also by another window on the same folder, as another process has."""
    window = OnceWindow(tmp_path / "new")
    window.claim("a").settle(is_taken=False)
    assert [_sends(OnceWindow(tmp_path / "new"), mark) for mark in ("a", "a", "b", "a")] == [True, False, True, False]


def test_of_many_that_race_exactly_one_sends(tmp_path: Path) -> None:
    """Threads of two windows; processes exclude each other by the same file."""
    sent: list[bool] = []
    start = threading.Barrier(6)

    def race(window: OnceWindow) -> None:
        start.wait()
        sent.append(_sends(window, "a"))

    threads = [threading.Thread(target=race, args=(OnceWindow(tmp_path),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sent) == [False] * 5 + [True]


def test_forked_processes_that_race_send_it_once(tmp_path: Path) -> None:
    """Each claims, and says by its exit code whether it sent."""
    window = OnceWindow(tmp_path)
    children = []
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            os._exit(1 if _sends(window, "a") else 0)
        children.append(pid)
    assert sorted(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children) == [0, 0, 0, 1]
    assert not _sends(window, "a")


def test_a_process_that_is_killed_before_its_message_is_on_disk_leaves_no_note(tmp_path: Path) -> None:
    """The next one sends the event: a loss is not possible."""
    window = OnceWindow(tmp_path)
    pid = os.fork()
    if pid == 0:
        claim = window.claim("a")
        os.kill(os.getpid(), signal.SIGKILL)
        claim.settle(is_taken=True)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert _sends(window, "a")
    assert not _sends(window, "a")


def test_a_claim_that_is_never_settled_lets_go(tmp_path: Path) -> None:
    """A signal's handler may end the call in between."""
    window = OnceWindow(tmp_path)
    claim = window.claim("a")
    del claim
    assert _sends(window, "a")


def test_a_fork_waits_for_a_claim_and_the_child_can_claim(tmp_path: Path) -> None:
    """SQLite in the child would else take the claim of the other thread for its own."""
    window = OnceWindow(tmp_path)
    _sends(window, "first")
    claimed, may_settle = threading.Event(), threading.Event()

    def hold() -> None:
        claim = window.claim("a")
        claimed.set()
        may_settle.wait(5)
        claim.settle(is_taken=True)

    thread = threading.Thread(target=hold)
    thread.start()
    assert claimed.wait(5)
    threading.Timer(0.05, may_settle.set).start()
    pid = os.fork()
    if pid == 0:
        claim = window.claim("b")
        os._exit(0 if claim.failed_by is None and not claim.was_sent else 1)
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.parametrize("content", [b"not a database at all, and long enough to be one" * 20, None])
def test_a_file_that_cannot_be_used_costs_repeats_and_no_event(tmp_path: Path, content: bytes | None) -> None:
    """A damaged one is started anew."""
    path = tmp_path / "once.sqlite3"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    claim = OnceWindow(tmp_path).claim("a")
    claim.settle(is_taken=True)
    assert (claim.was_sent, claim.failed_by is None) == (False, False)
    if content is not None:
        assert [_sends(OnceWindow(tmp_path), "a") for _ in range(2)] == [True, False]


def test_the_window_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest notes go first, by count and by age."""
    monkeypatch.setattr(once, "MOST_MARKS", 3)
    window = OnceWindow(tmp_path)
    assert all(_sends(window, mark) for mark in "abcde")
    assert [_sends(window, mark) for mark in "ced"] == [False, False, False]
    assert _sends(window, "a")
    with sqlite3.connect(tmp_path / "once.sqlite3") as connection:
        connection.execute("UPDATE sent SET at_ms = 0")
    connection.close()
    assert _sends(window, "f")
    assert _sends(window, "e")
