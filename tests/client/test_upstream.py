"""What code written for upstream's client does with one that is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipelines_client import Client


def test_what_can_change_later_changes_and_the_rest_is_an_error(client: Client, sandbox: Any) -> None:
    """An assignment that would read back and do nothing misleads."""
    client.send = False
    client.track("u1", "Not Sent")
    client.send, client.sync_mode = True, True
    client.track("u1", "Sent")
    assert [call["event"] for call in sandbox.customerio.accepted] == ["Sent"]
    for name, value in {"host": "http://x", "gzip": True, "timeout": 1, "proxies": {}, "write_key": "k2"}.items():
        with pytest.raises(AttributeError, match=f"^{name} cannot change after the client was made: make a new Client"):
            setattr(client, name, value)
        setattr(client, name, getattr(client, name))
    assert Client.host  # a class has the name, as upstream's has


def test_on_error_may_be_set_later_and_is_called_once_for_each_batch(
    make_client: Callable[..., Client], sandbox: Any
) -> None:
    """A batch that is split to find three bad messages has one call, with the three."""
    told: list[tuple[str, list[str]]] = []
    client = make_client(upload_interval=0.2, segment_write_key=None)
    client.on_error = lambda error, calls: told.append((error.leg, [call["event"] for call in calls]))  # type: ignore[attr-defined]
    real = sandbox.customerio.receive

    def refuse_some(call: Any, path: str, headers: Any, raw: bytes) -> Any:
        if b"Bad" in raw:
            sandbox.customerio.answer(400, times=1)
        return real(call, path, headers, raw)

    sandbox.customerio.receive = refuse_some
    for name in ("Bad 1", "Good 1", "Good 2", "Bad 2", "Good 3", "Bad 3"):
        client.track("u1", name)
    assert client.flush(5)
    assert told == [("customerio", ["Bad 1", "Bad 2", "Bad 3"])]


def test_queue_and_consumers_do_what_they_can_and_say_what_to_use_instead(client: Client) -> None:
    """`get` and `put` have no meaning for messages on disk."""
    for method in (client.queue.get, client.queue.put, client.queue.get_nowait, client.queue.put_nowait):
        with pytest.raises(NotImplementedError, match="no queue in memory: "):
            method("x")
    assert client.consumers is not None
    (consumer,) = client.consumers
    client.track("u1", "E")
    assert consumer.upload()
    consumer.pause()
    consumer.join(1)
    assert not consumer.is_alive()


def test_proxies_may_have_none_for_a_scheme() -> None:
    """As requests takes it: no proxy for that scheme."""
    client = Client("k", proxies={"https": None})
    assert client.proxies == {"https": None}
    assert "None" in repr(client.settings)


def test_an_unknown_argument_is_named_and_its_value_is_not(client: Client) -> None:
    """It was called an argument whose type cannot be read."""
    with pytest.raises(AssertionError, match="unexpected keyword argument 'propertys'") as caught:
        client.track("u", "Order", propertys={"a": "secret"})  # type: ignore[call-arg]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("timeout", [float("inf"), 1e300])
def test_a_wait_without_end_is_a_long_one(client: Client, timeout: float) -> None:
    """No thread can wait that long: `shutdown` raised an OverflowError."""
    client.track("u", "Order")
    assert client.flush(timeout)
    assert client.shutdown(timeout)
