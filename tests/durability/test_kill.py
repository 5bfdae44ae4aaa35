"""SIGKILL: every message that `track()` accepted reaches both legs with its id, sent by the next process."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nursery import Child
from proof import DRAIN, Evidence, read_acknowledged
from random_kills import kill_at_random

RANDOM_KILLS = 80

# Each replaces one seam, in the process that is to die, by one that dies there. `die_after` lets the seam do its work.
_SEAMS = """
    import os, pathlib, signal
    import pipelines_client as analytics
    from pipelines_client.delivery.sending import http, requester
    from pipelines_client.delivery.spool import spool
    from pipelines_client.state.ledger import LedgerWriter

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    def die_instead(owner, name, when=lambda *args: True):
        seam = getattr(owner, name)
        setattr(owner, name, lambda *args, **more: die() if when(*args) else seam(*args, **more))

    def die_after(owner, name, when=lambda *args: True):
        seam = getattr(owner, name)
        def dying(*args, **more):
            result = seam(*args, **more)
            if when(*args):
                die()
            return result
        setattr(owner, name, dying)

    def is_called(ending):
        return lambda path, *_: path.name.endswith(ending)
"""
_TRACK = """
    acks = os.open(os.environ["ACKS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for n in range(50):
        if analytics.track("u1", "E", {"n": n}, message_id=f"m{n}")[0]:
            os.write(acks, f"m{n}\\n".encode())
"""
_FIFTIETH = "lambda spool, stamp, body, *_: b'm49' in body"
SENDING = {
    "batch read": "die_instead(requester, 'body_of')",
    "answer received but not settled": "die_after(http.Http, 'post')",
    "ledger to be written": "die_instead(LedgerWriter, 'append')",
    "ledger written but not settled": "die_after(LedgerWriter, 'append')",
    "settled": "die_after(spool.Spool, 'settle')",
    "ledger packed but not in place": "die_instead(pathlib.Path, 'replace', lambda path, *_: '.jsonl.' in path.name)",
    "ledger sealed but not named so": "die_instead(pathlib.Path, 'rename', is_called('.jsonl'))",
    "spool closed but not removed": "die_instead(pathlib.Path, 'unlink', is_called('.log'))",
    "log removed but not its cursors": "die_instead(pathlib.Path, 'unlink', is_called('.db'))",
    "spool half removed": "die_after(pathlib.Path, 'unlink', is_called('.db'))",
}


def acknowledged(tmp_path: Path) -> list[str]:
    return read_acknowledged(tmp_path / "acks")


@pytest.fixture
def begin(start: Callable[..., Child], tmp_path: Path) -> Callable[..., Child]:
    """Start a script that may write down what was acknowledged."""

    def start_parts(*parts: str, **more: str) -> Child:
        script = "\n".join(map(textwrap.dedent, (_SEAMS, *parts)))
        return start(script, ACKS=str(tmp_path / "acks"), **more)

    return start_parts


@pytest.mark.parametrize(
    "seam", [f"die_instead(spool.Spool, 'append', {_FIFTIETH})", f"die_after(spool.Spool, 'append', {_FIFTIETH})"]
)
def test_a_kill_before_append_returns_loses_nothing_that_was_taken(
    begin: Any, start: Any, evidence: Evidence, tmp_path: Path, seam: str
) -> None:
    """The message under way may arrive or not: its call did not return."""
    assert begin(seam, _TRACK).wait() == -9
    assert acknowledged(tmp_path) == [f"m{n}" for n in range(49)]
    start(DRAIN).finish()
    evidence.check_nothing_lost(set(acknowledged(tmp_path)))
    arrived = evidence.delivered["customerio"].keys()
    assert ("m49" in arrived) == seam.startswith("die_after")


def test_a_kill_right_after_append_returned_loses_nothing(
    begin: Any, start: Any, evidence: Evidence, tmp_path: Path
) -> None:
    """Before anything was sent: the first batch is not full yet."""
    assert begin(_TRACK, "die()", PIPELINES_UPLOAD_INTERVAL="60").wait() == -9
    assert len(acknowledged(tmp_path)) == 50
    assert evidence.sandbox.customerio.count == 0
    start(DRAIN).finish()
    evidence.check_nothing_lost(set(acknowledged(tmp_path)))
    assert evidence.duplicates == {"customerio": 0, "segment": 0}


@pytest.mark.parametrize("leg", ["customerio", "segment"])
def test_a_kill_after_the_request_was_sent_repeats_it(
    begin: Any, start: Any, evidence: Evidence, tmp_path: Path, leg: str
) -> None:
    """The API has the batch and has not answered yet: at least once means twice here."""
    api = getattr(evidence.sandbox, leg)
    api.delay_s = 60.0
    child = begin(_TRACK, "signal.pause()")
    assert api.wait_for_requests(1)
    child.kill()
    sent = api.count
    api.normal()
    start(DRAIN).finish()
    evidence.check_nothing_lost(set(acknowledged(tmp_path)))
    assert evidence.duplicates[leg] == sent > 0


@pytest.mark.parametrize("seam", SENDING.values(), ids=SENDING.keys())
def test_a_kill_of_the_owner_while_it_sends_loses_nothing(
    begin: Any, start: Any, evidence: Evidence, tmp_path: Path, seam: str
) -> None:
    """At each step between a read and the end of the file."""
    assert begin(seam, _TRACK).wait() == -9
    start(DRAIN).finish()
    evidence.check_nothing_lost(set(acknowledged(tmp_path)))
    assert list((evidence.state_dir / "spool").iterdir()) == []


@pytest.mark.parametrize("seam", SENDING.values(), ids=SENDING.keys())
def test_a_kill_of_the_adopting_process_while_it_sends_loses_nothing(
    begin: Any, start: Any, evidence: Evidence, seam: str
) -> None:
    """The same steps, on a file that was left by another."""
    begin(_TRACK, "die()", PIPELINES_UPLOAD_INTERVAL="60").wait()
    assert begin(seam, "analytics.flush(25)").wait() == -9
    start(DRAIN).finish()
    evidence.check_nothing_lost({f"m{n}" for n in range(50)})
    assert list((evidence.state_dir / "spool").iterdir()) == []


@pytest.mark.parametrize("kept_bytes", [1, -1, -30])
def test_a_kill_in_the_middle_of_a_ledger_line_loses_nothing(
    begin: Any, start: Any, evidence: Evidence, tmp_path: Path, kept_bytes: int
) -> None:
    """What a write cut short leaves: part of the first line, all but the last byte, part of the last line."""
    assert begin(SENDING["ledger written but not settled"], _TRACK).wait() == -9
    (ledger,) = (evidence.state_dir / "ledger").rglob("*.jsonl")
    os.truncate(ledger, kept_bytes if kept_bytes > 0 else ledger.stat().st_size + kept_bytes)
    start(DRAIN).finish()
    evidence.check_nothing_lost(set(acknowledged(tmp_path)))


@pytest.mark.parametrize("times", [RANDOM_KILLS, pytest.param(200, marks=pytest.mark.soak)])
def test_random_kills_lose_nothing(
    start: Any, evidence: Evidence, tmp_path: Path, say: Callable[[str], None], times: int
) -> None:
    """Two processes at a time, each killed at a random instant and followed by another, in one state directory."""
    accepted = kill_at_random(start, tmp_path, times=times, seed=20261102)
    assert len(accepted) > times
    start(DRAIN).finish()
    delivered = {name: len(accepted & ids.keys()) for name, ids in evidence.delivered.items()}
    say(f"killed {times} times, accepted {len(accepted)}, delivered {delivered}, duplicates {evidence.duplicates}")
    evidence.check_nothing_lost(accepted)
    assert list((evidence.state_dir / "spool").iterdir()) == []
