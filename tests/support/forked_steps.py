"""Steps of a state machine in forked processes, which may end at a chosen call, as by SIGKILL."""

from __future__ import annotations

import os
import signal
from itertools import count
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from pipelines_client.delivery import requeueing
from pipelines_client.delivery.spool.spool import Spool
from pipelines_client.history import letters
from pipelines_client.history import run as running
from pipelines_client.state.ledger import LedgerWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DIED = 9
PACE: dict[str, Any] = {
    "upload_interval": 0.005,
    "retry_base_s": 0.01,
    "retry_cap_s": 0.02,
    "pause_s": 0.02,
    "timeout": 0.4,
}
BETWEEN_ANSWER_AND_RECORD = {"record", "settle"}
"""A death before one of these may repeat what was under way (docs/adr/0014); before any other, nothing."""
POINTS: dict[str, tuple[Any, str]] = {
    "record": (LedgerWriter, "append"),
    "settle": (Spool, "settle"),
    "append": (Spool, "append"),
    "mark a requeue": (requeueing, "mark_requeued"),
    "mark a replay": (letters, "mark_requeued"),
    "claim": (running, "claim"),
    "leave out": (running, "leave_out"),
}
Death = tuple[str, int] | None
deaths = st.none() | st.tuples(st.sampled_from(sorted(POINTS)), st.integers(1, 3))


def _die_at(point: str, number: int) -> None:
    """Have this process end before the given call of a function."""
    owner, name = POINTS[point]
    work, calls = getattr(owner, name), count(1)

    def dying(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == number:
            os._exit(DIED)
        return work(*args, **kwargs)

    setattr(owner, name, dying)


def step(folder: Path, work: Callable[[], object], death: Death) -> bool:
    """Do something in a process of its own, which may die in it; return whether it did so beside an answer."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if death is not None:
                _die_at(*death)
            work()
            code = 0
        except BaseException as error:  # noqa: BLE001 - said, and the process ends in any case
            (folder / "error").write_text(f"{type(error).__name__}: {error}")
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, DIED), (folder / "error").read_text()
    return code == DIED and death is not None and death[0] in BETWEEN_ANSWER_AND_RECORD


class Beside:
    """A process that lives beside the steps, and does something with each line that it is told."""

    def __init__(self, work: Callable[[Callable[[], str]], object]) -> None:
        """Fork it; `work` gets a function that returns the next line, and an empty one once there are no more."""
        (lines, self._lines), (self._answers, answers) = os.pipe(), os.pipe()
        self._pid = os.fork()
        if self._pid:
            os.close(lines)
            os.close(answers)
            self._wait()
            return
        code = 1
        try:
            os.close(self._lines)
            os.close(self._answers)
            with os.fdopen(lines) as told:

                def read() -> str:
                    os.write(answers, b".")  # it is ready, or has done what it was told
                    return told.readline().strip()

                work(read)
            code = 0
        finally:
            os._exit(code)

    def tell(self, line: str) -> None:
        """Tell it a line, and wait until it has done that."""
        os.write(self._lines, f"{line}\n".encode())
        self._wait()

    def end(self, *, is_killed: bool) -> None:
        """End it, and wait for that: in order, or by SIGKILL."""
        if is_killed:
            os.kill(self._pid, signal.SIGKILL)
        os.close(self._lines)
        os.close(self._answers)
        code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        assert code == (-signal.SIGKILL if is_killed else 0)

    def _wait(self) -> None:
        assert os.read(self._answers, 1) == b"."


def run_machine(machine: type[RuleBasedStateMachine], examples: int, steps: int) -> None:
    """Run so many histories of so many steps."""
    checks: Any = list(HealthCheck)
    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis types it for tests only
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=checks,
            database=None,
            print_blob=True,
        ),
    )
