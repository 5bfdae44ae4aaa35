"""Every row of the comparison: ours must hold, in a separate process; the old clients are only recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import peers
import pytest
from cases import CASES, Case
from comparison import NOT_MEASURED, PAGE, compare, page, rows
from peers import OURS, PEERS, PeersUnavailableError
from trial import ScriptFailedError, Trial

from pipelines_client.sandbox import Sandbox

Outcomes = dict[tuple[str, str], str]


@pytest.fixture(scope="session")
def outcomes() -> Outcomes:
    """What all cases showed, with all clients."""
    return compare()


@pytest.fixture
def trial(sandbox: Sandbox, tmp_path: Path) -> Iterator[Trial]:
    """A case of ours that shows nothing yet."""
    return Trial(OURS, tmp_path, sandbox)


def test_every_row_has_a_case() -> None:
    """P1 to P30, once each, in order."""
    assert [case.row for case in CASES] == [f"P{number}" for number in range(1, 31)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.row)
def test_ours_shows_what_the_row_promises(case: Case, outcomes: Outcomes) -> None:
    """Measured by the same script as the old clients, word for word."""
    assert outcomes[case.row, OURS.title] == case.ours


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.row)
def test_the_old_clients_were_measured(case: Case, outcomes: Outcomes) -> None:
    """Whatever they show is recorded; a row without a measurement is not recorded."""
    shown = {peer.title: outcomes[case.row, peer.title] for peer in PEERS if not peer.is_ours}
    assert not [words for words in shown.values() if not words or words.startswith(NOT_MEASURED)], shown


def test_the_page_says_what_is_measured_now(outcomes: Outcomes) -> None:
    """A reader finds every row with what ours shows now, and no cell is empty."""
    standing = PAGE.read_text("utf-8")
    ours = {row: (cells[0], cells[-1]) for row, cells in rows(standing).items()}
    now = {case.row: (case.title, outcomes[case.row, OURS.title]) for case in CASES}
    assert ours == now, "run `make comparison`"
    assert all(len(cells) == 1 + len(PEERS) and all(cells) for cells in rows(standing).values())


def test_a_rerun_leaves_the_page_alone_where_only_a_share_differs() -> None:
    """A share is of one run; another behaviour is news."""
    shown = {(case.row, peer.title): case.ours for case in CASES for peer in PEERS}
    before = page({**shown, ("P1", "segment-analytics-python"): "about 60 % lost"})
    assert page({**shown, ("P1", "segment-analytics-python"): "about 90 % lost"}, before) == before
    assert page({**shown, ("P1", "segment-analytics-python"): "all lost"}, before) != before


def test_a_script_that_breaks_is_an_error(trial: Trial) -> None:
    """A mistake in a case cannot pass for the behaviour of a client."""
    with pytest.raises(ScriptFailedError, match="no_such_name"):
        trial.run("no_such_name")


def test_a_child_that_hangs_is_ended_with_its_own_children(trial: Trial) -> None:
    """The pipe, which the forked child holds too, is closed when its time is up."""
    seen = trial.run("say(is_there=True)\nos.fork()\nthreading.Event().wait()", seconds=2)
    assert (seen.said, seen.has_ended) == ({"is_there": True}, False)


def test_without_a_package_index_the_comparison_says_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails, it does not skip."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(PeersUnavailableError, match=r"segment-analytics-python 2\.4\.0 (?s:.)*: No matching"):
        peers.install(tmp_path / "peers")
