"""The seam where checks look at messages: order, modes, counts, and what a failing check costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines_client import Client
from pipelines_client.client.checks import Checks
from pipelines_client.client.findings import CheckFinding, Examined
from pipelines_client.errors import PlanViolationError
from pipelines_client.message.build import build, rewritten

MakeClient = Callable[..., Client]
_NOW_MS = 1_762_000_000_000


class _Says:
    """A check that says of each call with a word in its properties what it was told to say."""

    name = "test"

    def __init__(
        self, modes: Mapping[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    ) -> None:
        self.modes, self.change, self.asked = modes, change, 0
        self.examined: list[dict[str, Any]] = []

    def is_clean(self, kind: str, fields: Any, payload: Any, context: Any) -> bool:
        self.asked += 1
        assert (fields["type"], "library" in context) == (kind, True)
        return not self.modes.keys() & (payload or {}).keys() and self.change is None

    def examine(self, call: dict[str, Any], _: frozenset[str]) -> Examined:
        self.examined.append(call)
        found = [
            CheckFinding(word, f"properties.{word}", mode)
            for word, mode in self.modes.items()
            if word in call["properties"]
        ]
        return Examined(self.change(call) if self.change else call, found)


class _Fails:
    name = "broken"

    def is_clean(self, *_: Any) -> bool:
        raise RecursionError

    def examine(self, *_: Any) -> Examined:
        raise ValueError("4111 1111 1111 1111")


def _with(client: Client, *checks: Any) -> Client:
    client._checks = Checks(checks, client.violations)
    return client


def _sent(client: Client, sandbox: Any) -> list[dict[str, Any]]:
    assert client.flush(timeout=5)
    bodies = [[dict(message) for message in side.accepted] for side in (sandbox.customerio, sandbox.segment)]
    assert bodies[0] == bodies[1]
    return bodies[0]


def test_a_clean_call_is_asked_about_once_and_takes_the_express_way(make_client: MakeClient) -> None:
    """The first call of a client goes the usual way; the next ones are only asked about."""
    check = _Says({"card": "warn"})
    client = _with(make_client(), check)
    for _ in range(3):
        assert client.track("u1", "E", {"total": 1})[0]
    assert (len(check.examined), check.asked, client.violations) == (1, 2, Counter())


@pytest.mark.parametrize(("mode", "count"), [("off", 0), ("warn", 3), ("redact", 3)])
def test_a_finding_is_counted_each_time_and_logged_once_for_each_line(
    make_client: MakeClient, sandbox: Any, caplog: pytest.LogCaptureFixture, mode: str, count: int
) -> None:
    """The message goes out."""
    client = _with(make_client(), _Says({f"word-{mode}": mode}))
    for _ in range(3):
        assert client.track("u1", "E", {f"word-{mode}": "4111 1111 1111 1111"})[0]
    assert client.violations[f"test:word-{mode}"] == count
    said = [record.getMessage() for record in caplog.records if "violation_found" in record.getMessage()]
    assert len(said) == min(count, 1)
    assert "4111" not in caplog.text
    assert len(_sent(client, sandbox)) == 3


def test_a_refused_call_is_not_sent_and_its_reason_is_counted(make_client: MakeClient, sandbox: Any) -> None:
    """The hardest mode decides, wherever it stands; also for a call that went the express way so far."""
    client = _with(make_client(), _Says({"a": "warn", "b": "reject", "c": "redact"}))
    assert client.track("u1", "E")[0]
    taken, call = client.track("u1", "E", {"a": 1, "b": 1, "c": 1})
    assert (taken, call["properties"]) == (False, {"a": 1, "b": 1, "c": 1})
    assert client.not_taken == {"test:b": 1}
    assert client.violations == {"test:a": 1, "test:b": 1, "test:c": 1}
    assert len(_sent(client, sandbox)) == 1


@pytest.mark.parametrize("send", [True, False])
def test_only_the_mode_raise_raises_and_its_text_holds_no_value(make_client: MakeClient, send: bool) -> None:
    """Also with `send=False`, as tests of an application have it."""
    client = _with(make_client(send=send), _Says({"a": "raise", "b": "reject"}))
    assert client.track("u1", "E")[0]
    for _ in range(2):
        with pytest.raises(PlanViolationError, match=r"^test:a at properties\.a: its mode is `raise`$"):
            client.track("u1", "E", {"a": "4111", "b": 1})
    assert client.track("u1", "E", {"b": 1})[0] is False


def test_what_a_check_changes_is_sent_to_both_legs_and_routed_by_its_name(
    make_client: MakeClient, sandbox: Any, ledger: Any
) -> None:
    """A reserved name is skipped at Customer.io: here it is only there after the check."""
    change = lambda call: {**call, "event": "Device Deleted", "properties": {"total": 2}}  # noqa: E731
    client = _with(make_client(), _Says({}, change=change))
    for _ in range(2):
        taken, call = client.track("u1", "E", {"total": 1})
        assert (taken, call["event"], call["properties"]) == (True, "Device Deleted", {"total": 2})
    assert client.flush(timeout=5)
    assert [message["properties"] for message in sandbox.segment.accepted] == [{"total": 2}] * 2
    assert ledger.reasons(call["messageId"])["customerio"] == "reserved_name"


def test_the_hook_comes_first_and_what_it_made_is_checked(make_client: MakeClient, sandbox: Any) -> None:
    """What it removed is not found, what it put in is; a call that it drops is not checked."""
    calls: dict[str, Any] = {"Removed": {}, "Put in": {"b": 1}, "Dropped": None}

    def hook(call: dict[str, Any]) -> dict[str, Any] | None:
        return None if calls[call["event"]] is None else {**call, "properties": calls[call["event"]]}

    client = _with(make_client(before_send=hook), _Says({"a": "reject", "b": "reject"}))
    assert [client.track("u1", event, {"a": 1})[0] for event in calls] == [True, False, False]
    assert client.violations == {"test:b": 1}
    assert client.not_taken == {"test:b": 1, "no_leg": 1}
    assert [message["event"] for message in _sent(client, sandbox)] == ["Removed"]


def test_where_nothing_is_sent_the_hook_runs_for_the_checks_only(make_client: MakeClient) -> None:
    """A fault that the hook cures is none in the application's tests either."""
    seen: list[str] = []

    def hook(call: dict[str, Any]) -> dict[str, Any]:
        seen.append(call["event"])
        return {**call, "properties": {}}

    assert make_client(before_send=hook, send=False).track("u1", "Unchecked", {"a": 1})[0]
    client = _with(make_client(before_send=hook, send=False), _Says({"a": "raise"}))
    assert client.track("u1", "Checked", {"a": 1})[0]
    assert seen == ["Checked"]


def test_each_check_sees_what_the_one_before_it_made(make_client: MakeClient) -> None:
    """A plan's renaming is what privacy looks at."""
    first, second = _Says({}, change=lambda call: {**call, "event": "New"}), _Says({})
    client = _with(make_client(), first, second)
    assert client.track("u1", "Old")[0]
    assert [call["event"] for call in (*first.examined, *second.examined)] == ["Old", "New"]


@pytest.mark.parametrize("bad", [_Fails(), _Says({}, change=lambda call: {**call, "properties": {"a": object()}})])
def test_a_check_that_fails_costs_no_message_and_is_counted(
    make_client: MakeClient, sandbox: Any, caplog: pytest.LogCaptureFixture, bad: Any
) -> None:
    """The message goes out as it was, later checks look at it, and the log names the error's type only."""
    last = _Says({})
    client = _with(make_client(), bad, last)
    for _ in range(2):
        assert client.track("u1", "E", {"n": 1})[0]
    assert client.violations == {f"{bad.name}:failed": 2}
    assert len(last.examined) == 2
    assert "4111" not in caplog.text
    assert [message["properties"] for message in _sent(client, sandbox)] == [{"n": 1}] * 2


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.dates()
    | st.datetimes(timezones=st.sampled_from([None, timezone.utc, timezone(timedelta(hours=2))])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=100)
@given(
    st.dictionaries(st.text(max_size=4), _VALUES, max_size=4), st.sampled_from(["track", "identify", "alias"]), _VALUES
)
def test_a_message_that_is_written_again_has_the_same_bytes(
    payload: dict[str, Any], kind: str, time_or_not: object
) -> None:
    """So a changed one differs where it was changed, and nowhere else."""
    call: dict[str, Any] = {"integrations": {}, "timestamp": None, "context": {"x": payload}, "userId": 7, "type": kind}
    if isinstance(time_or_not, (date, datetime)):
        call["timestamp"] = time_or_not
    if kind != "alias":
        call["traits" if kind == "identify" else "properties"] = payload
    built = build({**call, "event": "E"}, library={"name": "x"}, now_ms=_NOW_MS)
    assert rewritten(built, dict(built.call)) == built


def test_no_client_has_checks_unless_a_setting_asks_for_them(make_client: MakeClient) -> None:
    """They cost a client without them nothing."""
    assert make_client()._checks is None
