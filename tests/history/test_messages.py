"""Which messages may be sent to a side."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from pipelines_client.history.messages import PastMessage, SendRules

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc)


def past(call: dict[str, Any], **changed: Any) -> PastMessage:
    """Return a message of a call, an hour old."""
    at_ms = int((NOW - timedelta(hours=1)).timestamp() * 1000)
    return PastMessage("m1", call["type"], call.get("event"), None, at_ms, b"{}", "")._replace(**changed)


def fault(
    call: dict[str, Any], *, to: str = "customerio", allowed: frozenset[str] = frozenset(), **changed: Any
) -> str:
    """Return why a call may not be sent."""
    rules = SendRules(to, NOW, 395, max_message_bytes=1_000, allow_commands=allowed)
    return rules.fault_of(past(call, **changed), call)


@pytest.mark.parametrize(
    ("call", "on_customerio", "on_segment"),
    [
        ({"type": "track", "event": "E", "userId": "u"}, "", ""),
        ({"type": "track", "event": " ", "userId": "u"}, "empty_event", "empty_event"),
        ({"type": "track", "event": " User Deleted", "userId": "u"}, "reserved_name", ""),
        ({"type": "page", "anonymousId": "a"}, "", ""),
        ({"type": "page"}, "no_person", "no_person"),
        ({"type": "track", "event": "E", "groupId": "g"}, "", "no_person"),
        ({"type": "group", "groupId": "g"}, "", "no_person"),
        ({"type": "group", "userId": "u"}, "no_person", "no_person"),
        ({"type": "identify", "traits": {"email": "e"}}, "", "no_person"),
        ({"type": "alias", "userId": "u"}, "no_person", "no_person"),
        ({"type": "alias", "userId": "u", "previousId": "a"}, "", ""),
    ],
)
def test_each_side_is_only_sent_what_it_takes(call: dict[str, Any], on_customerio: str, on_segment: str) -> None:
    """FACTS C10, C12 and T, said before the API has to."""
    assert (fault(call), fault(call, to="segment")) == (on_customerio, on_segment)


def test_a_reserved_name_goes_if_it_is_allowed_by_name() -> None:
    """Another name that is allowed opens nothing."""
    call = {"type": "track", "event": "User Deleted", "userId": "u"}
    assert fault(call, allowed=frozenset({"User Deleted"})) == ""
    assert fault(call, allowed=frozenset({"Device Deleted"})) == "reserved_name"


def test_a_message_keeps_to_the_horizon_to_the_present_and_to_its_size() -> None:
    """The limit itself is within, the next millisecond is not."""
    call = {"type": "track", "event": "E", "userId": "u"}
    now_ms = int(NOW.timestamp() * 1000)
    oldest_ms = now_ms - 395 * 86_400_000
    assert [fault(call, at_ms=at_ms) for at_ms in (now_ms, now_ms + 1)] == ["", "in_the_future"]
    assert [fault(call, at_ms=at_ms) for at_ms in (oldest_ms, oldest_ms - 1)] == ["", "beyond_horizon"]
    assert [fault(call, body=b"x" * size) for size in (1_000, 1_001)] == ["", "too_large"]
    assert [fault(call, message_id="m" * size) for size in (99, 100)] == ["", "invalid_message_id"]
