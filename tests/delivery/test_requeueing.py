"""Dead letters go back into a spool once, also beside a second requeue, a killed one, a run, a replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines_client.config import Settings
from pipelines_client.delivery import requeueing
from pipelines_client.delivery.claims import choosing, claim, only_run
from pipelines_client.delivery.draining import drain
from pipelines_client.delivery.requeueing import Requeued, requeue
from pipelines_client.errors import LedgerError, SpoolError
from pipelines_client.history import replay
from pipelines_client.state.dead_letters import DeadLetter, read_dead_letters

Letters = Callable[[], list[DeadLetter]]


@pytest.fixture
def settings(make_client: Any, sandbox: Any) -> Settings:
    """The settings of a client whose three messages Customer.io has refused, with the API well again."""
    client = make_client()
    sandbox.customerio.answer(400)
    for number in range(3):
        client.track("u1", "Ordered", {"n": number}, message_id=f"m{number}")
    assert client.flush(10)
    client._pipeline.close(5)
    sandbox.customerio.normal()
    found: Settings = client.settings
    return found


@pytest.fixture
def letters(state_dir: Path) -> Letters:
    """What is listed now."""
    return lambda: read_dead_letters(state_dir / "dead-letters")


def arrived(sandbox: Any, settings: Settings) -> Counter[str]:
    drain(settings, timeout_s=10)
    return Counter(sandbox.customerio.message_ids())


def test_letters_that_another_requeue_has_put_back_meanwhile_are_said_to_be_gone(
    settings: Settings, sandbox: Any, letters: Letters
) -> None:
    """Both have read the same list."""
    listed = letters()
    assert requeue(settings, listed) == Requeued(put=3)
    assert requeue(settings, listed) == Requeued(gone=3)
    assert arrived(sandbox, settings) == {"m0": 1, "m1": 1, "m2": 1}


def test_a_requeue_that_was_killed_before_it_marked_its_letters_is_finished_by_the_next(
    settings: Settings, sandbox: Any, letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that wait in its spool go once, and the others are put back."""

    class Killed(BaseException):
        pass

    append, count = requeueing.Spool.append, iter(range(3))

    def dying(*args: Any) -> int:
        if next(count) == 2:
            args[0].close()
            raise Killed
        return append(*args)

    with monkeypatch.context() as patch:
        patch.setattr(requeueing.Spool, "append", dying)
        with pytest.raises(Killed):
            requeue(settings, letters())
    assert requeue(settings, letters()) == Requeued(put=1, waiting=2)
    assert letters() == []
    assert arrived(sandbox, settings) == {"m0": 1, "m1": 1, "m2": 1}


def test_what_a_replay_brought_before_it_was_killed_is_no_longer_listed(
    settings: Settings, sandbox: Any, letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had not said so yet; the ledger does."""
    monkeypatch.setattr("pipelines_client.history.letters.mark_requeued", lambda *_, **__: None)
    assert replay("customerio", "dead-letters", settings=settings).accepted == 3
    assert len(letters()) == 3
    assert requeue(settings, letters()) == Requeued(accepted=3)
    assert letters() == []
    assert arrived(sandbox, settings) == {"m0": 1, "m1": 1, "m2": 1}


def test_what_a_run_has_in_hand_is_left_to_it_and_the_rest_is_put_back(
    settings: Settings, letters: Letters, state_dir: Path
) -> None:
    """It stays listed, in case that the run fails."""
    with only_run(state_dir / "replays", "customerio"):
        claim(state_dir / "replays", "customerio", ["m0", "m9"])
        assert requeue(settings, letters()) == Requeued(put=2, claimed=1)
    assert [letter.message_id for letter in letters()] == ["m0"]


def test_while_another_process_chooses_nothing_is_put_back(
    settings: Settings, letters: Letters, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for a while, not for ever."""
    monkeypatch.setattr(requeueing, "choosing", lambda folder, leg: choosing(folder, leg, timeout_s=0))
    with choosing(state_dir / "replays", "customerio"), pytest.raises(SpoolError, match="another process chooses"):
        requeue(settings, letters())
    assert len(letters()) == 3


def test_over_a_ledger_that_cannot_be_read_whole_it_says_how_many_may_arrive_twice(
    settings: Settings, letters: Letters, state_dir: Path
) -> None:
    """And goes on only if that is accepted."""
    (path,) = (state_dir / "ledger").rglob("*.gz")
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(LedgerError, match="3 of 3 letters may have been accepted"):
        requeue(settings, letters())
    assert len(letters()) == 3
    assert requeue(settings, letters(), resend_unknown=True) == Requeued(put=3)


def test_a_leg_that_cannot_be_decided_keeps_the_other_from_being_put_back(
    settings: Settings, sandbox: Any, make_client: Any, letters: Letters, state_dir: Path
) -> None:
    """An error means that nothing was put back."""
    client = make_client()
    sandbox.segment.answer(400)
    client.track("u1", "Ordered")
    assert client.flush(10)
    client._pipeline.close(5)
    listed = letters()
    assert {letter.leg for letter in listed} == {"customerio", "segment"}
    (first, *_) = sorted((state_dir / "ledger").rglob("*.gz"))
    first.write_bytes(first.read_bytes()[:-12])
    with pytest.raises(LedgerError):
        requeue(settings, listed)
    assert letters() == listed
