"""Privacy in a client: each mode at a call, on both ways, with any value."""

from __future__ import annotations

import logging
import math
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines_client import Client
from pipelines_client.errors import PlanViolationError

MakeClient = Callable[..., Client]
CARD = "4111 1111 1111 1111"


def _deep(levels: int) -> dict[str, Any]:
    inside: dict[str, Any] = {"card_number": CARD}
    for _ in range(levels):
        inside = {"a": inside}
    return inside


def _cyclic() -> dict[str, Any]:
    inside: dict[str, Any] = {"password": "hunter2"}
    inside["self"] = inside
    return inside


_ODD: dict[str, Any] = {
    "deep": _deep(150),
    "too deep": _deep(400),
    "cyclic": _cyclic(),
    "huge": {"text": "4111 " * 5_000},
    "surrogate": {"note": f"\ud800 {CARD}", "\udfff password": "hunter2"},
    "bytes": {"password": b"\xff\xfe", "card_number": CARD.encode()},
    "numbers": {"card_number": math.nan, "cvv": math.inf, "pin": 10**400, "password": 2**70},
    "keys": {7: CARD, None: CARD, (1, 2): {"password": "x"}},
    "times": {"ssn": datetime(2026, 11, 20, tzinfo=timezone.utc), "card_number": datetime(2026, 11, 20)},  # noqa: DTZ001
}


@pytest.mark.parametrize("mode", ["warn", "redact", "reject"])
@pytest.mark.parametrize("odd", _ODD)
def test_no_value_makes_a_call_raise(make_client: MakeClient, mode: str, odd: str) -> None:
    """Nor makes a check fail: it finds something, or it does not."""
    client = make_client(privacy=mode, segment_write_key=None, segment_host=None)
    for _ in range(2):
        taken, _ = client.track("u1", "E", _ODD[odd])
        assert taken in (True, False)
    assert "privacy:failed" not in client.violations


def test_a_redacted_message_differs_where_something_was_found_and_nowhere_else(
    make_client: MakeClient, sandbox: Any
) -> None:
    """Both legs get the same bytes; the call that comes back is what was sent."""
    client, given_ = (
        make_client(privacy="redact", upload_interval=300.0),
        {"total": 1.10, "a": [1.0, "\u00e9"], "z": None},
    )
    for message_id, note in (("m1", f"by {CARD}!"), ("m2", "by CARD!")):
        context, at = {"ip": "203.0.113.7"}, "2026-11-20T09:30:00+02:00"
        client.track("u1", "E", {**given_, "note": note}, context, at, message_id=message_id)
    bodies = [entry.body for entry in client._pipeline._lanes[0].spool._tail]
    assert bodies[0] == bodies[1].replace(b"m2", b"m1").replace(b"by CARD!", b"by [redacted:card]!")
    _, call = client.track("u1", "E", {"password": "hunter2"})
    assert call["properties"] == {"password": "[redacted:password]"}
    assert client.flush(timeout=5)
    assert sandbox.customerio.accepted == sandbox.segment.accepted
    assert client.violations == {"privacy:card": 1, "privacy:password": 1}


def test_each_mode_does_what_it_says(
    make_client: MakeClient, sandbox: Any, caplog: pytest.LogCaptureFixture, tmp_path: Any
) -> None:
    """On the usual way and, from the second call on, the express way; no value is logged."""
    caplog.set_level(logging.DEBUG)
    table = {"default": "off", "card": "warn", "iban": "redact", "jwt": "reject", "password": "raise"}
    client = make_client(privacy=table, state_dir=tmp_path / "own")
    for _ in range(2):
        assert client.track("u1", "E", {"note": CARD, "iban": "DE89370400440532013000"})[0]
        assert not client.track("u1", "E", {"x": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"})[0]
        with pytest.raises(PlanViolationError, match=r"^privacy:password at traits\.password: ") as caught:
            client.identify("u1", {"password": "hunter2", "bearer": "Bearer 4f3c2b1a0d9e8f7a6b5c"})
        assert "hunter2" not in str(caught.value)
    assert client.flush(timeout=5)
    assert [message["properties"] for message in sandbox.segment.accepted] == [
        {"note": CARD, "iban": "[redacted:iban]"}
    ] * 2
    assert client.not_taken == {"privacy:jwt": 2}
    assert not any(value in caplog.text for value in (CARD, "DE89", "eyJh", "hunter2"))


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.sampled_from([CARD, "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("password"), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(properties=st.dictionaries(st.text() | st.sampled_from(["card", "token"]), _VALUES, max_size=4), name=st.text())
def test_no_call_raises_and_no_check_fails(client_: Client, properties: dict[str, Any], name: str) -> None:
    """Any content: the call is taken, redacted."""
    assert client_.track("u1", name or "E", properties)[0]
    assert "privacy:failed" not in client_.violations


@pytest.fixture
def client_(make_client: MakeClient) -> Client:
    """A client that redacts, and keeps what it takes in memory."""
    return make_client(privacy="redact", spool="memory", upload_interval=300.0)


def test_a_client_without_the_setting_imports_nothing_of_it() -> None:
    """Neither the detectors nor the package that they need."""
    code = """if True:
        import sys
        from pipelines_client import Client
        Client("key")
        assert not {"stdnum", "pipelines_client.privacy.guard"} & sys.modules.keys()
        Client("key", privacy="warn")
        assert {"stdnum", "pipelines_client.privacy.guard"} <= sys.modules.keys()
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_package_is_named_with_its_cure() -> None:
    """At construction, and not at a call."""
    code = """if True:
        import sys
        sys.modules["stdnum"] = None
        from pipelines_client import Client
        from pipelines_client.errors import ConfigError
        try:
            Client("key", privacy="warn")
        except ConfigError as error:
            assert "stdnum" in str(error) and "pip install 'pipelines-client[privacy]'" in str(error), str(error)
        else:
            raise SystemExit("no error")
    """
    subprocess.run([sys.executable, "-c", code], check=True)
