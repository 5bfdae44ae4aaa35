"""One case with one client: a new sandbox and folder, and children that always end in time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import textwrap
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peers import Peer

from pipelines_client.sandbox import Api, Sandbox

DRIVER = Path(__file__).with_name("driver.py")
KEY = "write-key-7f3a9c"
QUIET_S = 0.3


class ScriptFailedError(Exception):
    """A case's script broke: what it would have shown is not known."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a child.

    Attributes:
        said: What it said, the last of each name.
        has_ended: False if it was killed because its time was up.
        exit_s: Seconds from the script's last line to the end of the process, by itself or not.
        words: Its standard error.
    """

    said: Mapping[str, Any]
    has_ended: bool
    exit_s: float
    words: str


@dataclass(slots=True)
class Trial:
    """What a case works with."""

    peer: Peer
    folder: Path
    sandbox: Sandbox
    api: Api = field(init=False)

    def __post_init__(self) -> None:
        self.api = getattr(self.sandbox, self.peer.api)

    def run(self, script: str, *, seconds: float = 25.0, key: str = KEY, **variables: str) -> Seen:
        """Run a script as an application's process; after `seconds` it is killed with all its children.

        Args:
            script: Python; see `driver` for the names it finds.
            seconds: How long it may take.
            key: The write key that the application sets.
            variables: More of the environment, such as `TZ`.

        Raises:
            ScriptFailedError: The script ended with an error.
        """
        arguments = [str(self.peer.python), "-I", str(DRIVER), self.peer.module, key, self.api.url]
        with subprocess.Popen(
            [*arguments, textwrap.dedent(script)],
            cwd=self.folder,
            env={**self._environment(), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as child:
            has_ended = True
            try:
                out, words = child.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                has_ended = False
                os.killpg(child.pid, signal.SIGKILL)  # its whole session: a case may have forked
            at = time.time()
            if not has_ended:
                out, words = child.communicate()
        said: dict[str, Any] = {}
        for line in out.splitlines():
            said.update(json.loads(line))
        if has_ended and child.returncode not in (0, -signal.SIGKILL):
            raise ScriptFailedError(f"{self.peer.title}: exit code {child.returncode}\n{words[-2000:]}")
        return Seen(said, has_ended, at - said["ended_at"] if "ended_at" in said else 0.0, words)

    def next_process(self, *, key: str = KEY) -> None:
        """Let the application start once more and flush; the APIs are well again."""
        self.api.normal()
        self.run("flush(10)\nleave()", key=key)

    def arrived(self) -> list[dict[str, Any]]:
        """Return what the API truly accepted, once nothing more comes."""
        while self.api.wait_for(self.api.count + 1, QUIET_S):
            pass
        return self.api.accepted

    def lost(self, count: int) -> str:
        """Say how many of `count` events, told apart by their property `n`, never arrived."""
        missing = count - len({message["properties"]["n"] for message in self.arrived()})
        return f"{spell_share(missing, count)} lost"

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LD_LIBRARY_PATH")}
        return {**kept, "HOME": str(self.folder), "PIPELINES_STATE_DIR": str(self.folder / "state")}


def spell_share(missing: int, count: int) -> str:
    """Spell a part coarsely: what an old client loses differs a little from run to run, and the page should not."""
    if missing in (0, count):
        return "none" if not missing else "all"
    tenths = round(10 * missing / count)
    return f"about {tenths}0 %" if 0 < tenths < 10 else "few" if not tenths else "nearly all"


def on_trial(measure: Callable[[Trial], str], peer: Peer, folder: Path) -> str:
    """Run a case with a client; return what it shows."""
    folder.mkdir(parents=True)
    with Sandbox() as sandbox:
        return measure(Trial(peer, folder, sandbox))
