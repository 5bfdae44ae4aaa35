"""Signals in the middle of a call: handlers that raise, as time limits do, and handlers that call the client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from proof import DRAIN, Evidence, read_acknowledged

# Raises out of a handler at thousands of places in our code; what was taken is written down.
STORM = """
    import os, signal
    import pipelines_client as analytics

    class TimeIsUp({kind}):
        pass

    def ring(*_):
        if is_armed:
            raise TimeIsUp

    client = analytics.Client(upload_interval=60)
    client.track("u1", "E", {{}}, message_id="first")
    acks = os.open(os.environ["ACKS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(acks, b"first\\n")
    is_armed, rung = False, 0
    signal.signal(signal.SIGALRM, ring)
    for n in range(2000):  # fewer than a batch holds, so nothing is sent before the end
        taken = False
        try:
            is_armed = True
            signal.setitimer(signal.ITIMER_REAL, 5e-6 + n % 97 * 1e-6)
            taken = client.track("u1", "E", {{"n": n}}, message_id=f"m{{n}}")[0]
            is_armed = False
        except TimeIsUp:
            rung += 1
        if taken:
            os.write(acks, f"m{{n}}\\n".encode())
    print("rung", rung, "not taken", dict(client.not_taken))
    {end}
"""
KILL = "os.kill(os.getpid(), signal.SIGKILL)"


def storm(start: Any, tmp_path: Path, *, kind: str, end: str) -> set[str]:
    """Run the storm; return what was taken."""
    child = start(STORM.format(kind=kind, end=end), ACKS=str(tmp_path / "acks"))
    assert child.wait() == (-9 if end == KILL else 0), child.log
    if end != KILL:
        assert int(child.log.split()[1]) > 100, child.log
        assert "not taken {}" in child.log
    return set(read_acknowledged(tmp_path / "acks"))


def test_what_was_taken_among_exceptions_of_handlers_is_delivered_by_the_next_process(
    start: Any, evidence: Evidence, tmp_path: Path
) -> None:
    """Each number is used once, so the log is read to its end; an unacknowledged message may be there or not."""
    taken = storm(start, tmp_path, kind="Exception", end=KILL)
    start(DRAIN).finish()
    for name, ids in evidence.delivered.items():
        assert taken <= ids.keys(), name
        assert max(ids.values()) == 1
    assert evidence.status().is_balanced


def test_what_was_taken_among_exceptions_of_handlers_is_delivered_by_the_process_itself(
    start: Any, evidence: Evidence, tmp_path: Path
) -> None:
    """Also if the exception looks like one of the disk's; and none of them is swallowed."""
    taken = storm(
        start,
        tmp_path,
        kind="TimeoutError",
        end="assert client.flush(20)",
    )
    for name, ids in evidence.delivered.items():
        assert taken <= ids.keys(), name
        assert max(ids.values()) == 1
    assert evidence.status().is_balanced


def test_a_handler_may_call_the_client(start: Any, evidence: Evidence) -> None:
    """`track` and `flush` from a handler that interrupts `track` or `flush`: neither waits for itself."""
    script = """
        import os, signal
        import pipelines_client as analytics
        client = analytics.Client()
        rung = 0

        def ring(*_):
            global rung
            rung += 1
            assert client.track("u1", "Rung", {}, message_id=f"r{rung}")[0]
            client.flush(0)

        client.track("u1", "E", {}, message_id="first")
        signal.signal(signal.SIGALRM, ring)
        for n in range(600):
            signal.setitimer(signal.ITIMER_REAL, 5e-6 + n % 97 * 1e-6)
            assert client.track("u1", "E", {"n": n}, message_id=f"m{n}")[0]
            if n % 50 == 0:
                client.flush(0.01)
            signal.setitimer(signal.ITIMER_REAL, 0)
        assert client.flush(20)
        print("rung", rung)
        """
    child = start(script)
    child.finish()
    rung = int(child.log.split()[1])
    assert rung > 20
    evidence.check_nothing_lost({"first", *(f"m{n}" for n in range(600)), *(f"r{n + 1}" for n in range(rung))})
    assert evidence.duplicates == {"customerio": 0, "segment": 0}
