"""A client that may not send: in a test, switched off, or without a key."""

from __future__ import annotations

import os
from typing import Any

import pytest

import pipelines_client.testing
from pipelines_client import Client
from pipelines_client.client.refusing import _is_test_run
from pipelines_client.errors import SentFromTestError


@pytest.fixture
def _guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the tests of an application."""
    monkeypatch.delenv("PIPELINES_SEND_IN_TESTS")


@pytest.mark.usefixtures("_guarded")
def test_a_test_may_not_send_to_a_host_that_is_not_on_this_machine(state_dir: Any) -> None:
    """After the swap, what patched the old client isolates no longer: the error names the cure."""
    client = Client("k", segment_write_key="s", segment_host="http://127.0.0.1:9")
    for _ in range(2):
        with pytest.raises(AssertionError, match=r"cdp\.customer\.io: use the fixture `sandbox`, set "):
            client.track("u1", "E")
    assert client.flush(1)
    assert not state_dir.exists()
    assert issubclass(SentFromTestError, AssertionError)


@pytest.mark.usefixtures("_guarded")
def test_a_test_that_empties_the_environment_may_not_send_either(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """`mock.patch.dict(os.environ, clear=True)` takes pytest's variables away; our plugin knows all the same."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    client = Client("k", state_dir=tmp_path / "state")
    with pytest.raises(SentFromTestError):
        client.track("u1", "E")
    monkeypatch.setattr(pipelines_client.testing, "runs", 0)
    assert not _is_test_run()


@pytest.mark.usefixtures("_guarded")
def test_a_test_may_send_to_this_machine_and_where_it_is_allowed(client: Client, sandbox: Any) -> None:
    """The sandbox is on loopback; `send_in_tests` is the way out."""
    assert client.track("u1", "E")[0]
    assert client.flush(5)
    assert sandbox.customerio.count == 1
    elsewhere = Client("k", host="https://proxy.invalid", send_in_tests=True, spool="memory", exit_timeout_s=0)
    assert elsewhere.track("u1", "E")[0]
    elsewhere.shutdown(0)


@pytest.mark.usefixtures("_guarded")
@pytest.mark.parametrize("word", ["false", "0", "No", "OFF "])
def test_the_switch_of_the_environment_wins_over_code(
    monkeypatch: pytest.MonkeyPatch, state_dir: Any, word: str
) -> None:
    """Whatever was assigned or patched: nothing is kept or sent."""
    monkeypatch.setenv("PIPELINES_SEND", word)
    client = Client("k", send=True)
    client.send = True
    taken, call = client.track("u1", "E", {"a": 1})
    assert taken
    assert call["properties"] == {"a": 1}
    assert client.flush(1)
    assert not state_dir.exists()
