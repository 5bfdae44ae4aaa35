"""How tests are shared out among the workers of `pytest --numprocesses`: a file stays together, and so do the engines.

Starting Spark takes a worker half a minute, so all tests that ask an engine go to one of them. What takes longest is
handed out first: then the workers end together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    import pytest

ENGINES = "tests/parity/questions/"
LONGEST = (
    ENGINES,
    "tests/differential/test_comparison.py",
    "tests/examples/test_demo.py",
    "tests/test_docs.py",
    "tests/sandbox/test_official_clients.py",
    "tests/durability/test_fork.py",
    "tests/durability/test_fork_servers.py",
    "tests/parity/facts/test_packs.py",
    "tests/cli/parity/test_compare.py",
)
"""Shares of ten seconds or more, the longest first; one that is missing here only ends later than it might."""


class Shares(LoadScopeScheduling):
    """Tests by share."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # it would put first what has the most tests, not what takes longest

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)


def share_of(nodeid: str) -> str:
    """Return the share that a test belongs to."""
    return ENGINES if nodeid.startswith(ENGINES) else nodeid.partition("::")[0]


def rank(nodeid: str) -> int:
    """Return a number that puts tests in the order in which their shares should begin."""
    share = share_of(nodeid)
    return LONGEST.index(share) if share in LONGEST else len(LONGEST)
