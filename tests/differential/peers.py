"""The three clients, and a separate environment for each old one: those two cannot share one (FACTS C21).

Environments are made once, below the virtual environment that runs this: `make clean` takes them with it.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import pipelines_client

HOME = Path(sys.prefix) / "peers"
_VALUES = ("numpy>=2", "pydantic>=2")  # values that applications put into properties
_INSTALL_S = 300


class PeersUnavailableError(Exception):
    """An old client cannot be installed, so nothing can be compared with it."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One client.

    Attributes:
        title: Its name on the page.
        package: Its name at the package index; empty for ours, which runs where the tests run.
        version: Exactly this one.
        module: What an application imports as `analytics`.
        client: The module that has its `Client`.
        api: Name of the sandbox's API that it talks to.
    """

    title: str
    package: str
    version: str
    module: str
    client: str
    api: str

    @property
    def is_ours(self) -> bool:
        """Whether the last column is about it."""
        return not self.package

    @property
    def python(self) -> Path:
        """The interpreter that has it installed."""
        return Path(sys.executable) if self.is_ours else HOME / self.package / "bin" / "python"


SEGMENT = Peer(
    "segment-analytics-python",
    "segment-analytics-python",
    "2.4.0",
    "segment.analytics",
    "segment.analytics.client",
    "segment",
)
CUSTOMERIO = Peer(
    "customerio-cdp-analytics",
    "customerio-cdp-analytics",
    "1.1.0",
    "customerio.analytics",
    "customerio.analytics.client",
    "customerio",
)
OURS = Peer("pipelines-client", "", pipelines_client.__version__, "pipelines_client", "pipelines_client", "customerio")
PEERS = (SEGMENT, CUSTOMERIO, OURS)


def install(home: Path = HOME) -> None:
    """Make the environments that are not there.

    Args:
        home: The folder for them.

    Raises:
        PeersUnavailableError: One cannot be made; the text says which, and what pip said.
    """
    home.mkdir(exist_ok=True)
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs at once make them once
        for peer in PEERS:
            if not peer.is_ours:
                _install(peer, home / peer.package)


def _install(peer: Peer, folder: Path) -> None:
    wanted = "\n".join((f"{peer.package}=={peer.version}", *_VALUES))
    stamp = folder / "installed.txt"
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, symlinks=True, with_pip=True)
    try:
        done = subprocess.run(
            [
                folder / "bin" / "python",
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                *wanted.splitlines(),
            ],
            capture_output=True,
            text=True,
            timeout=_INSTALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PeersUnavailableError(_words(peer, folder, f"nothing in {_INSTALL_S} s")) from None
    if done.returncode:
        raise PeersUnavailableError(_words(peer, folder, done.stderr.strip()[-600:]))
    stamp.write_text(wanted, "utf-8")


def _words(peer: Peer, folder: Path, pip_said: str) -> str:
    return (
        f"the comparison runs {peer.package} {peer.version} itself, and pip cannot install it into {folder}: "
        f"a package index must be reachable once. pip said: {pip_said}"
    )
