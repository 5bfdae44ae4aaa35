"""Distributes tests over the workers of `pytest --numprocesses`: a file stays together, and so do the engines.

Starting Spark takes a worker half a minute, so one worker runs all tests that ask an engine. The longest shares go out
first, so that the workers end at the same time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    import pytest

ENGINES = "tests/parity/questions/"
LONGEST = (
    ENGINES,
    "tests/durability/test_kill.py",
    "tests/differential/test_comparison.py",
    "tests/durability/test_recovery.py",
    "tests/delivery/test_exits.py",
    "tests/test_docs.py",
    "tests/evidence/files/test_parquet_rows.py",
    "tests/evidence/files/test_hostile.py",
    "tests/evidence/kinds/test_kinds.py",
    "tests/durability/test_adoption_race.py",
    "tests/effects/test_examination.py",
    "tests/cli/parity/test_compare.py",
    "tests/delivery/test_processes.py",
    "tests/delivery/test_adoption.py",
    "tests/client/test_express.py",
    "tests/durability/test_fork.py",
    "tests/durability/test_full_disk.py",
    "tests/sandbox/test_official_clients.py",
    "tests/cli/test_sandbox.py",
    "tests/examples/test_demo.py",
    "tests/benchmarks/test_parity.py",
    "tests/durability/test_fork_servers.py",
    "tests/parity/facts/test_packs.py",
)
"""Shares of ten seconds or more, the longest first; a missing one only makes the run longer."""


class Shares(LoadScopeScheduling):
    """Hands out tests by share."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # it would put the share with the most tests first, not the longest

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)


def share_of(nodeid: str) -> str:
    """Return the share of a test."""
    return ENGINES if nodeid.startswith(ENGINES) else nodeid.partition("::")[0]


def rank(nodeid: str) -> int:
    """Return a number that sorts tests into the order in which their shares should begin."""
    share = share_of(nodeid)
    return LONGEST.index(share) if share in LONGEST else len(LONGEST)
