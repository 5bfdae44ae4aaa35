"""A fork at each line of ours that a thread may stand at: no lock that the child needs stays held."""

from __future__ import annotations

import os
from typing import Any

import pytest
from proof import finish

from pipelines_client.state.ledger import Outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, which this platform lacks")

# Threads of the parent stop at each line that they come to for the first time; the main thread forks meanwhile. Where
# they stand in a lock that the fork itself waits for they go on after a moment: that is the lock doing its work.
_SCRIPT = """
    import datetime, faulthandler, logging, os, queue, signal, sys, threading
    import pipelines_client as analytics

    logging.getLogger("pipelines_client").addHandler(logging.NullHandler())
    home = os.path.dirname(analytics.__file__) + os.sep
    rooms = tuple(os.path.normpath(room) for room in (
        "client/client.py", "log.py", "state/daily.py", "state/ledger.py", "state/dead_letters.py",
        "delivery/pipeline.py", "delivery/lane.py", "delivery/spool/spool.py", "delivery/callbacks.py",
        "delivery/processes.py"))  # they have locks
    assert not [room for room in rooms if not os.path.exists(home + room)]
    seen, stops, turn, is_over = set(), queue.SimpleQueue(), threading.Lock(), False

    def trace(frame, event, argument):
        path = frame.f_code.co_filename
        return at_line if path.startswith(home) and path[len(home):].startswith(rooms) else None

    def at_line(frame, event, argument):
        line = frame.f_code.co_filename[len(home):], frame.f_lineno
        if event == "line" and line not in seen and not is_over:
            seen.add(line)
            with turn:
                forked = threading.Event()
                stops.put((line, forked))
                forked.wait(0.05)
        return at_line

    def use(name):
        day = datetime.datetime(2026, 11, 2)
        is_taken, _ = client.track("u1", "E", {"x": object()}, timestamp=day, message_id=name)
        is_refused = not client.track("u1", "E", {"x": "x" * 40_000})[0]
        return is_taken and is_refused and bool(client.flush(8))

    def work():
        for n in range(6):
            use(f"p{n}")
        stops.put(None)

    def reap(how_many):
        while len(children) > how_many:
            child, line = children.popitem()
            if status := os.waitpid(child, 0)[1]:
                hung.append((line, status))

    client = analytics.Client(stage="complete", on_delivery=len, on_error=lambda error, calls: None)
    children, hung, forks = {}, [], 0
    threading.settrace(trace)
    threading.Thread(target=work, daemon=True).start()
    while stop := stops.get():
        child = os.fork()
        if not child:
            is_over = True
            threading.settrace(None)
            faulthandler.dump_traceback_later(9, file=sys.stdout)
            signal.alarm(10)
            os._exit(0 if use(f"c{forks}") else 3)
        stop[1].set()
        forks += 1
        children[child] = stop[0]
        reap(6)
    reap(0)
    print(hung or forks, flush=True)
    os._exit(bool(hung))
"""


@pytest.mark.soak
def test_a_fork_at_any_line_of_a_call_or_a_delivery_leaves_a_child_that_works(
    run: Any, sandbox: Any, ledger: Any, say: Any
) -> None:
    """Whatever the other threads are at, the child takes a message, refuses one and delivers, within seconds."""
    sandbox.customerio.answer_sequence([503, 400])  # so that what follows a failure and a refusal is gone through too
    forks = int(finish(run(script=_SCRIPT), 80).splitlines()[-1])
    assert forks > 100
    settled = {record.message_id for record in ledger.records() if record.outcome is not Outcome.DROPPED}
    assert settled >= {f"c{n}" for n in range(forks)}
    say(f"forked at {forks} different lines of ours; each child took and delivered its own")
