"""The first moments of a spool's file, when others already look at the folder it is in."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from nursery import Child
from proof import DRAIN, Evidence, read_acknowledged

from pipelines_client.delivery.spool.spool import Spool

# Stands still once, with its lock file made and not yet locked, until told to go on.
_NEWBORN = """
    import os, signal
    import pipelines_client as analytics
    open_file = os.open
    def open_and_wait(path, *args, **more):
        descriptor = open_file(path, *args, **more)
        if str(path).endswith(".lock"):
            os.open = open_file
            os.write(int(os.open(os.environ["BORN"], os.O_WRONLY)), f"{os.path.realpath(path)}\\n".encode())
            os.read(os.open(os.environ["GO"], os.O_RDONLY), 1)
        return descriptor
    os.open = open_and_wait
    acks = os.open(os.environ["ACKS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    analytics.upload_interval = 60
    if analytics.track("u1", "E", {}, message_id="m0")[0]:
        os.write(acks, b"m0\\n")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def newborn(start: Callable[..., Child], tmp_path: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A process that has just made its file: the file's path, and a way to let the process go on to its death."""
    born, go = tmp_path / "born", tmp_path / "go"
    os.mkfifo(born)
    os.mkfifo(go)
    said = os.open(born, os.O_RDONLY | os.O_NONBLOCK)
    tell = os.open(go, os.O_RDWR)
    child = start(_NEWBORN, BORN=str(born), GO=str(go), ACKS=str(tmp_path / "acks"))
    assert select.select([said], [], [], 10)[0]
    path = Path(os.read(said, 4096).decode().strip()).with_suffix(".db")

    def let_go() -> None:
        os.write(tell, b"!")
        assert child.wait() == -9, child.log

    yield path, let_go
    os.close(said)
    os.close(tell)


def test_a_spool_that_another_process_opens_during_creation_stays_durable(
    newborn: Any, start: Any, evidence: Evidence, tmp_path: Path
) -> None:
    """Another process or `status` has the lock for a moment: the new process still keeps its messages on disk."""
    path, let_go = newborn
    other = Spool(path, legs={"customerio": "another"}, writer="other")
    let_go()
    other.close()
    assert read_acknowledged(tmp_path / "acks") == ["m0"]
    start(DRAIN).finish()
    evidence.check_nothing_lost({"m0"})


def test_a_spool_that_another_process_opened_during_creation_belongs_to_its_creator(
    newborn: Any, start: Any, evidence: Evidence, tmp_path: Path
) -> None:
    """An earlier process leaves nothing in the file that the owner takes for its own."""
    path, let_go = newborn
    evidence.status()
    let_go()
    assert read_acknowledged(tmp_path / "acks") == ["m0"]
    start(DRAIN).finish()
    evidence.check_nothing_lost({"m0"})
    assert not path.exists()


def test_processes_that_start_at_once_all_keep_their_messages_on_disk(
    start: Any, evidence: Evidence, tmp_path: Path
) -> None:
    """Five times eight at once, each looking for what the dead left, each killed after its first message."""
    script = """
        import os, signal
        import pipelines_client as analytics
        analytics.upload_interval = 60
        client = analytics.Client(upload_interval=60)
        os.read(os.open(os.environ["GO"], os.O_RDONLY), 1)
        assert client.track("u1", "E", {}, message_id=os.environ["NAME"])[0]
        os.kill(os.getpid(), signal.SIGKILL)
        """
    for turn in range(5):
        go = tmp_path / f"go{turn}"
        os.mkfifo(go)
        children = [start(script, GO=str(go), NAME=f"m{turn}-{n}") for n in range(8)]
        gate = os.open(go, os.O_WRONLY)
        os.write(gate, b"!" * len(children))
        assert {child.wait() for child in children} == {-9}, [child.log for child in children]
        os.close(gate)
    start(DRAIN).finish()
    evidence.check_nothing_lost({f"m{turn}-{n}" for turn in range(5) for n in range(8)})
