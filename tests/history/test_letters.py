"""Dead letters in a run: those that were put back wait by themselves, and are said to."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from pipelines_client.config import Settings
from pipelines_client.delivery.draining import drain
from pipelines_client.delivery.requeueing import requeue
from pipelines_client.history import RunOptions, Summary, replay
from pipelines_client.state.dead_letters import read_dead_letters


@pytest.fixture
def settings(make_client: Any, sandbox: Any) -> Settings:
    """The settings of a client whose three messages Customer.io has refused, with the API well again."""
    client = make_client()
    sandbox.customerio.answer(400)
    for number in range(3):
        client.track("u1", "Ordered" if number else "Shipped", message_id=f"m{number}")
    assert client.flush(10)
    client._pipeline.close(5)
    sandbox.customerio.normal()
    found: Settings = client.settings
    return found


def put_back(settings: Settings, **options: Any) -> int:
    return requeue(settings, read_dead_letters(settings.state_dir / "dead-letters"), **options).put


@pytest.mark.parametrize("source", ["dead-letters", "ledger+archive"])
@pytest.mark.parametrize("is_dry_run", [True, False])
def test_letters_that_were_put_back_wait_in_a_spool_and_are_no_success(
    settings: Settings, sandbox: Any, source: Any, is_dry_run: bool
) -> None:
    """Although no file has a copy of them: until they are delivered, then there is nothing to send."""

    def run(**options: Any) -> Summary:
        given = RunOptions(is_dry_run=is_dry_run, **options)
        return replay("customerio", source, settings=settings, options=given)

    assert put_back(settings) == 3
    some = run(where=["event=Ordered"])
    assert (some.read, some.filtered, some.waiting, some.chosen, some.exit_code) == (3, 1, 2, 0, 1)
    assert run().refused == Counter()
    drain(settings, timeout_s=10)
    after = run()
    assert (after.read, after.exit_code) == (0, 0)
    assert Counter(sandbox.customerio.message_ids()) == {"m0": 1, "m1": 1, "m2": 1}


def test_letters_that_were_moved_to_another_key_wait_for_it_and_no_option_is_asked_for(settings: Settings) -> None:
    """They were taken for the first key, which does not matter any more."""
    other = settings.model_copy(update={"write_key": SecretStr("another-key")})
    assert put_back(other, to_current=True) == 3
    found = replay("customerio", "dead-letters", settings=other)
    assert (found.waiting, found.letters_elsewhere, found.exit_code) == (3, 0, 1)


def test_what_a_list_names_and_a_living_client_has_waits_though_no_archive_has_a_copy(
    make_client: Any, sandbox: Any, tmp_path: Path
) -> None:
    """`no_copy` would send people to look for a file that they do not need."""
    client = make_client()
    sandbox.customerio.answer(503)
    assert client.track("u", "E", message_id="m0")[0]
    path = tmp_path / "missing.jsonl"
    about = '"side": "customerio", "cause": "in_spool", "occurred_at": "2026-11-02T09:30:00Z"'
    path.write_text("".join(f'{{"message_id": "{name}", {about}}}\n' for name in ("m0", "m1")))
    found = replay("customerio", "replay-list", path, settings=client.settings)
    assert (found.read, found.waiting, dict(found.refused), found.exit_code) == (2, 1, {"no_copy": 1}, 1)
