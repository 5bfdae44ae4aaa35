"""Forks: a child never sends its parent's messages, never hangs, delivers its own, and harms no other process."""

from __future__ import annotations

import os
from typing import Any

import pytest
from proof import DRAIN, Evidence, finish

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, which this platform lacks")

PARENTS = {f"p{n}" for n in range(20)}
CHILDREN = {f"c{n}" for n in range(20)}


@pytest.mark.parametrize("leaves_by", ["sys.exit(0)", "os._exit(0)"])
@pytest.mark.parametrize("used_before", [False, True])
def test_a_child_delivers_its_own_and_nothing_of_its_parent(
    run: Any, evidence: Evidence, *, used_before: bool, leaves_by: str
) -> None:
    """Forked before the first use and after it, leaving by either door; the parent's wait for the parent."""
    script = f"""
        import os, sys
        import pipelines_client as analytics
        client = analytics.Client(upload_interval=60)
        def send(letter):
            for n in range(20):
                assert client.track("u1", "E", {{"n": n}}, message_id=f"{{letter}}{{n}}")[0]
        if {used_before}:
            send("p")
        child = os.fork()
        if not child:
            assert client.flush(5).left == 0  # it has no messages yet
            send("c")
            assert client.flush(5)
            {leaves_by}
        assert os.waitpid(child, 0)[1] == 0
        print("child gone", flush=True)
        sys.stdin.readline()
        if not {used_before}:
            send("p")
        assert client.flush(5)
        """
    process = run(script=script)
    assert process.stdout.readline() == "child gone\n"
    assert {name: set(ids) for name, ids in evidence.delivered.items()} == {"customerio": CHILDREN, "segment": CHILDREN}
    finish(process)
    evidence.check_nothing_lost(PARENTS | CHILDREN)
    assert evidence.duplicates == {"customerio": 0, "segment": 0}
    if leaves_by == "sys.exit(0)":
        assert list((evidence.state_dir / "spool").iterdir()) == []


def test_what_a_child_leaves_by_os_exit_the_next_process_delivers(run: Any, start: Any, evidence: Evidence) -> None:
    """No exit hook runs there; the file stays."""
    script = """
        import os
        import pipelines_client as analytics
        analytics.upload_interval = 60
        analytics.track("u1", "E", {}, message_id="p0")
        child = os.fork()
        if not child:
            analytics.track("u1", "E", {}, message_id="c0")
            os._exit(0)
        os.waitpid(child, 0)
        """
    finish(run(script=script))
    assert set(evidence.delivered["segment"]) == {"p0"}
    start(DRAIN).finish()
    evidence.check_nothing_lost({"p0", "c0"})
    assert evidence.duplicates == {"customerio": 0, "segment": 0}


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_loses_nothing_whichever_way_it_starts(
    run: Any, start: Any, evidence: Evidence, method: str
) -> None:
    """Half of the workers flush, half just return: the hook of multiprocessing delivers what those said."""
    script = f"""
        import multiprocessing
        import pipelines_client as analytics

        def work(worker):
            for n in range(10):
                assert analytics.track("u1", "E", {{}}, message_id=f"c{{worker}}-{{n}}")[0]
            if worker % 2:
                assert analytics.flush(5)

        if __name__ == "__main__":
            assert analytics.track("u1", "E", {{}}, message_id="p0")[0]
            context = multiprocessing.get_context("{method}")
            workers = [context.Process(target=work, args=(worker,)) for worker in range(4)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join(20)
                assert worker.exitcode == 0, worker.exitcode
        """
    finish(run(script=script))
    flushed = {f"c{worker}-{n}" for worker in (1, 3) for n in range(10)} | {"p0"}
    assert flushed <= evidence.delivered["segment"].keys()
    start(DRAIN).finish()
    evidence.check_nothing_lost({f"c{worker}-{n}" for worker in range(4) for n in range(10)} | {"p0"})
    assert max(evidence.duplicates.values()) <= 20  # to return there is to be cut off in the middle of a request


def test_fifty_forks_under_threads_that_hammer(run: Any, start: Any, evidence: Evidence, say: Any) -> None:
    """With every way a call can go: taken, mended, refused; threads take turns a thousand times as often as usual."""
    script = """
        import datetime, logging, os, signal, sys, threading
        import pipelines_client as analytics
        logging.getLogger("pipelines_client").addHandler(logging.NullHandler())
        client = analytics.Client()
        stop = threading.Event()
        sent = [0] * 4

        def hammer(thread):
            day = datetime.datetime(2026, 11, 2)
            while not stop.is_set():
                name = f"p{thread}-{sent[thread]}"
                assert client.track("u1", "E", {"x": object()}, timestamp=day, message_id=name)[0]
                sent[thread] += 1
                assert not client.track("u1", "E", {"x": "x" * 40_000})[0]

        threads = [threading.Thread(target=hammer, args=(thread,), daemon=True) for thread in range(4)]
        sys.setswitchinterval(5e-6)
        for thread in threads:
            thread.start()
        for n in range(50):
            child = os.fork()
            if not child:
                signal.alarm(10)
                taken = client.track("u1", "E", {"x": object()}, message_id=f"c{n}")[0]
                os._exit(0 if taken and client.flush(8) else 3)
            status = os.waitpid(child, 0)[1]
            assert status == 0, (n, status)
        stop.set()
        for thread in threads:
            thread.join()
        assert client.flush(20)
        print(sent)
        """
    sent = finish(run(script=script), 60).splitlines()[-1]
    counts = [int(count) for count in sent.strip("[]").split(",")]
    accepted = {f"p{thread}-{n}" for thread, count in enumerate(counts) for n in range(count)}
    accepted |= {f"c{n}" for n in range(50)}
    start(DRAIN).finish()
    for ids in evidence.delivered.values():
        assert ids.keys() == accepted
    assert evidence.duplicates == {"customerio": 0, "segment": 0}
    assert evidence.status().is_balanced
    say(f"forked 50 times under 4 threads, accepted {len(accepted)}, delivered {len(accepted)}, duplicates 0")
