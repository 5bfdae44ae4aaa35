"""Forks at bad moments: several at once, in the middle of an import, past Python's own hooks."""

from __future__ import annotations

import os
from typing import Any

import pytest
from proof import DRAIN, Evidence, finish

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, which this platform lacks")


def test_threads_that_fork_at_once_leave_parent_and_children_at_work(run: Any, start: Any, evidence: Evidence) -> None:
    """Two clients, four threads, ten forks each: none waits for ever, no child takes what is its parent's."""
    script = """
        import os, signal, sys, threading
        import pipelines_client as analytics
        clients = [analytics.Client(), analytics.Client()]
        for n, client in enumerate(clients):
            client.track("u1", "E", {}, message_id=f"p{n}")
        sys.setswitchinterval(1e-5)
        hung = []

        def fork(thread):
            for n in range(10):
                child = os.fork()
                if not child:
                    signal.alarm(5)
                    client = clients[n % 2]
                    taken = client.track("u1", "E", {}, message_id=f"c{thread}-{n}")[0]
                    os._exit(0 if taken and client.flush(4) else 3)
                if status := os.waitpid(child, 0)[1]:
                    hung.append((thread, n, status))

        signal.alarm(25)
        threads = [threading.Thread(target=fork, args=(thread,), daemon=True) for thread in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for client in clients:
            assert client.track("u1", "E", {})[0]
            assert client.flush(5)
        print(hung, flush=True)
        os._exit(bool(hung))
        """
    finish(run(script=script), 40)
    start(DRAIN).finish()
    expected = {"p0", "p1"} | {f"c{thread}-{n}" for thread in range(4) for n in range(10)}
    for ids in evidence.delivered.values():
        assert expected <= ids.keys()
    assert evidence.duplicates == {"customerio": 0, "segment": 0}


def test_a_fork_while_another_thread_imports_does_not_stop_the_child(
    run: Any, sandbox: Any, evidence: Evidence
) -> None:
    """A child inherits an unfinished import: our threads may not import what a child needs."""
    for api in (sandbox.customerio, sandbox.segment):
        api.answer(503, times=1)
    script = """
        import os, signal, sys, threading
        import pipelines_client as analytics
        client = analytics.Client()
        begun, forked = threading.Event(), threading.Event()

        class Slow:
            @staticmethod
            def find_spec(name, path, target=None):
                if threading.current_thread() is not threading.main_thread():
                    begun.set()
                    forked.wait(5)

        sys.meta_path.insert(0, Slow)
        assert client.track("u1", "E", {}, message_id="p0")[0]
        begun.wait(0.5)
        child = os.fork()
        forked.set()
        if not child:
            signal.alarm(5)
            taken = client.track("u1", "E", {"x": object(), "y": float("nan")}, message_id="c0")[0]
            os._exit(0 if taken and client.flush(4) else 3)
        status = os.waitpid(child, 0)[1]
        assert status == 0, status
        assert client.flush(5)
        """
    finish(run(script=script))
    evidence.check_nothing_lost({"p0", "c0"})


def test_a_fork_past_pythons_hooks_is_noticed(run: Any, start: Any, evidence: Evidence) -> None:
    """A server written in C forks without telling Python: the child still starts a new file."""
    script = """
        import ctypes, os, signal, threading
        import pipelines_client as analytics
        client = analytics.Client(upload_interval=60)
        for n in range(20):
            assert client.track("u1", "E", {}, message_id=f"p{n}")[0]
        threading.Event().wait(0.3)  # the interpreter's own locks are past helping if a thread is about to take one
        child = ctypes.PyDLL(None).fork()
        if not child:
            signal.alarm(10)
            for n in range(20):
                assert client.track("u1", "E", {}, message_id=f"c{n}")[0]
            assert client.flush(8)
            os._exit(0)
        for n in range(20, 40):
            assert client.track("u1", "E", {}, message_id=f"p{n}")[0]
        status = os.waitpid(child, 0)[1]
        assert status == 0, status
        assert client.flush(8)
        """
    finish(run(script=script))
    start(DRAIN).finish()
    evidence.check_nothing_lost({f"p{n}" for n in range(40)} | {f"c{n}" for n in range(20)})
    assert evidence.duplicates == {"customerio": 0, "segment": 0}
