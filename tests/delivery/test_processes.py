"""Real processes: the end of a script, a kill, a fork, and who delivers what they left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from pipelines_client.clock import utc_now
from pipelines_client.delivery.status import read_status
from pipelines_client.state.ledger import Outcome


@pytest.fixture
def run(sandbox: Any, state_dir: Path) -> Any:
    """Start a script as a team's process: dual-writing, configured by variables alone."""
    environment = {
        **os.environ,
        "PIPELINES_STATE_DIR": str(state_dir),
        "PIPELINES_WRITE_KEY": "c",
        "PIPELINES_HOST": sandbox.customerio.url,
        "PIPELINES_SEGMENT_WRITE_KEY": "s",
        "PIPELINES_SEGMENT_HOST": sandbox.segment.url,
        "PIPELINES_RETRY_BASE_S": "0.02",
        "PIPELINES_RETRY_CAP_S": "0.1",
        "PYTHONWARNINGS": "error",
    }

    def start(script: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script)],
            env={**environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def finish(process: subprocess.Popen[str], timeout: float = 30) -> str:
    out, err = process.communicate(timeout=timeout)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    return out


def numbers(api: Any) -> list[int]:
    return [message["properties"]["n"] for message in api.accepted]


def test_a_script_that_just_ends_loses_nothing(run: Any, sandbox: Any, state_dir: Path) -> None:
    """P1: 1,000 calls, then the script ends; the spool is gone because nothing waits."""
    finish(
        run("""
        import pipelines_client as analytics
        for n in range(1_000):
            analytics.track("u1", "E", {"n": n})
        """)
    )
    assert numbers(sandbox.customerio) == numbers(sandbox.segment) == list(range(1_000))
    assert list((state_dir / "spool").iterdir()) == []


def test_what_an_exit_leaves_the_next_process_delivers_first_to_last(
    run: Any, sandbox: Any, state_dir: Path, ledger: Any
) -> None:
    """P5: the exit keeps to its budget, the rest stays on disk, the ids stay the same."""
    for api in (sandbox.customerio, sandbox.segment):
        api.answer(503)
    finish(
        run(
            """
        import pipelines_client as analytics
        for n in range(100):
            analytics.track("u1", "E", {"n": n}, message_id=f"m{n}")
        """,
            PIPELINES_EXIT_TIMEOUT_S="0.3",
        ),
        timeout=10,
    )
    assert len(list((state_dir / "spool").glob("*.db"))) == 1
    status = read_status(state_dir, now=utc_now())
    assert {name: leg.pending for name, leg in status.legs.items()} == {"customerio": 100, "segment": 100}
    assert status.is_balanced
    for api in (sandbox.customerio, sandbox.segment):
        api.normal()
    finish(
        run("""
        import pipelines_client as analytics
        assert analytics.flush(20)
        """)
    )
    assert numbers(sandbox.customerio) == numbers(sandbox.segment) == list(range(100))
    assert ledger.outcomes("m7") == {"customerio": Outcome.ACCEPTED, "segment": Outcome.ACCEPTED}
    assert list((state_dir / "spool").iterdir()) == []
    status = read_status(state_dir, now=utc_now())
    assert {name: (leg.pending, leg.accepted) for name, leg in status.legs.items()} == {
        "customerio": (0, 100),
        "segment": (0, 100),
    }
    assert status.is_balanced


def test_a_kill_right_after_the_last_call_loses_nothing(run: Any, sandbox: Any, state_dir: Path) -> None:
    """P2: 5,000 calls, then the process kills itself; the next process delivers the rest."""
    process = run("""
        import os, signal
        import pipelines_client as analytics
        for n in range(5_000):
            assert analytics.track("u1", "E", {"n": n}, message_id=f"m{n}")[0]
        os.kill(os.getpid(), signal.SIGKILL)
        """)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    status = read_status(state_dir, now=utc_now())
    assert status.is_balanced
    assert status.legs["customerio"].recorded == 5_000
    finish(
        run("""
        import pipelines_client as analytics
        assert analytics.flush(20)
        """)
    )
    for api in (sandbox.customerio, sandbox.segment):
        assert {message["messageId"] for message in api.accepted} == {f"m{n}" for n in range(5_000)}
    status = read_status(state_dir, now=utc_now())
    assert status.is_balanced
    assert status.legs["segment"].pending == 0


def test_another_key_does_not_deliver_what_was_meant_for_this_one(run: Any, sandbox: Any, state_dir: Path) -> None:
    """A spool goes to the destination and key it was written for, or waits."""
    sandbox.customerio.answer(503)
    finish(
        run(
            """
        import pipelines_client as analytics
        analytics.track("u1", "E", {"n": 1})
        """,
            PIPELINES_EXIT_TIMEOUT_S="0.2",
        )
    )
    sandbox.customerio.normal()
    finish(
        run(
            """
        import pipelines_client as analytics
        analytics.track("u2", "E", {"n": 2})
        assert analytics.flush(20)
        """,
            PIPELINES_WRITE_KEY="another",
        )
    )
    assert numbers(sandbox.customerio) == [2]
    assert read_status(state_dir, now=utc_now()).legs["customerio"].pending == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, which this platform lacks")
@pytest.mark.parametrize("leaves_by", ["sys.exit(0)", "os._exit(0)"])
def test_a_forked_child_delivers_its_messages_and_leaves_the_parents_alone(
    run: Any, sandbox: Any, state_dir: Path, leaves_by: str
) -> None:
    """P3: and the parent, killed later, has lost nothing (docs/adr/0001)."""
    process = run(f"""
        import os, signal, sys
        import pipelines_client as analytics
        for n in range(1_000):
            analytics.track("parent", "E", {{"n": n}}, message_id=f"p{{n}}")
        child = os.fork()
        if not child:
            for n in range(100):
                analytics.track("child", "E", {{"n": n}}, message_id=f"c{{n}}")
            assert analytics.flush(10)
            {leaves_by}
        for n in range(1_000, 2_000):
            analytics.track("parent", "E", {{"n": n}}, message_id=f"p{{n}}")
        _, status = os.waitpid(child, 0)
        assert status == 0, status
        os.kill(os.getpid(), signal.SIGKILL)
        """)
    _, err = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL, err
    finish(
        run("""
        import pipelines_client as analytics
        assert analytics.flush(20)
        """)
    )
    expected = {f"p{n}" for n in range(2_000)} | {f"c{n}" for n in range(100)}
    for api in (sandbox.customerio, sandbox.segment):
        assert {message["messageId"] for message in api.accepted} == expected
    status = read_status(state_dir, now=utc_now())
    assert status.is_balanced
    assert status.legs["segment"].recorded == 2_100


def test_importing_and_constructing_open_no_thread_and_no_file(run: Any, state_dir: Path) -> None:
    """A preloading server forks after that, safely."""
    out = finish(
        run("""
        import threading
        import pipelines_client
        pipelines_client.Client()
        print(threading.active_count())
        """)
    )
    assert out.strip() == "1"
    assert not state_dir.exists()


def test_a_message_goes_only_to_the_host_and_key_that_it_was_taken_for(run: Any, sandbox: Any, state_dir: Path) -> None:
    """Another key in the same state directory may be another tenant's; `drain --to-current` moves a backlog."""
    sandbox.customerio.allow_keys("right")
    script = """
        import pipelines_client as analytics
        analytics.track("u1", "E", {"n": %d})
        print(analytics.flush(5).pending)
        """
    drain = """
        import sys
        from pipelines_client.cli import main
        sys.argv[1:] = ["drain", *%s]
        main()
        """
    out = finish(run(script % 1, PIPELINES_WRITE_KEY="wrong"))
    assert out.strip() == "{'customerio': 1, 'segment': 0}"
    status = read_status(state_dir, now=utc_now())
    assert status.legs["customerio"].pending == 1
    assert (status.legs["customerio"].last_error or "").startswith("http_401")
    out = finish(run(script % 2, PIPELINES_WRITE_KEY="right"))
    assert out.strip() == "{'customerio': 0, 'segment': 0}"
    assert numbers(sandbox.customerio) == [2]
    assert numbers(sandbox.segment) == [1, 2]
    assert read_status(state_dir, now=utc_now()).legs["customerio"].pending == 1
    process = run(drain % "[]", PIPELINES_WRITE_KEY="right")
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "customerio: 1 message that is left was taken for 127.0.0.1:" in out
    assert "to send to 127.0.0.1:" in out
    out = finish(run(drain % ["--to-current"], PIPELINES_WRITE_KEY="right"))
    assert "customerio: 1 taken for 127.0.0.1:" in out
    assert "right" not in out
    assert numbers(sandbox.customerio) == [2, 1]
    assert read_status(state_dir, now=utc_now()).legs["customerio"].pending == 0
