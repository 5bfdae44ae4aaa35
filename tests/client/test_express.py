"""The express way of ordinary calls does what the usual way does, and is left when it could not."""

from __future__ import annotations

import subprocess
import sys
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from unittest import mock

import orjson
import pytest
from freezegun import freeze_time
from hypothesis import given, settings
from hypothesis import strategies as st
from segment.analytics.client import Client as Upstream

from pipelines_client import Client
from pipelines_client.destinations.customerio import RESERVED_NAMES

PLANS = Path(__file__).parents[2] / "examples" / "plans"

MakeClient = Callable[..., Client]


class _Usual(Client):
    """A client all of whose calls go the usual way, as those of an application's subclass do."""

    def _enqueue(self, msg: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        return super()._enqueue(msg)


class _Text(str):
    __slots__ = ()


class _Plan(str, Enum):
    PRO = "pro"


_PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=5)
_ODD = (
    st.sampled_from(
        [
            float("nan"),
            float("-inf"),
            2**70,
            "\ud800",
            b"\xff",
            Decimal("1.10"),
            uuid.UUID(int=7),
            _Plan.PRO,
            _Text("t"),
            {1},
        ]
    )
    | st.datetimes(timezones=st.sampled_from([timezone.utc, timezone(timedelta(hours=2)), None]))
    | st.dates()
    | st.just(orjson.Fragment(b'{"a":\n1}'))
)
_VALUES = st.recursive(
    _PLAIN | st.just(date(2026, 11, 2)) | st.just(datetime(2026, 11, 2, tzinfo=timezone.utc)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3) | st.tuples(inner)
    ),
    max_leaves=6,
)
_OBJECTS = st.dictionaries(
    st.text(max_size=4) | st.sampled_from(["library", "integrations", "type"]), _VALUES, max_size=4
)
_NAMES = st.sampled_from(["Order Completed", "Docs", " k\u00e9y ", "x" * 100, "Paid with 4111 1111 1111 1111"])
_IDS = st.sampled_from(["u1", "k\u00e9y", "42"])
_PERSON = {"user_id": _IDS, "anonymous_id": st.none() | _IDS}
_CONTEXT = {"context": st.none() | _OBJECTS}
_ORDINARY = {
    "identify": {"traits": _OBJECTS, **_PERSON, **_CONTEXT},
    "track": {"event": _NAMES, "properties": _OBJECTS, **_PERSON, **_CONTEXT},
    "alias": {"previous_id": _IDS, "user_id": _IDS, **_CONTEXT},
    "group": {"group_id": _IDS, "traits": _OBJECTS, **_PERSON, **_CONTEXT},
    "page": {"category": _NAMES, "name": _NAMES, "properties": _OBJECTS, **_PERSON, **_CONTEXT},
    "screen": {"category": st.none(), "name": _NAMES, "properties": _OBJECTS, **_PERSON, **_CONTEXT},
}
_ODD_OBJECTS = (
    st.dictionaries(st.text(max_size=4) | st.just(7), _VALUES | _ODD, max_size=2)
    | st.lists(_ODD, min_size=1, max_size=1).map(lambda values: {"nested": {"list": [1, *values]}})
    | st.sampled_from([None, {}, OrderedDict(a=1), ["a"], "text", {"text": "x" * 32_600}, {"text": "x" * 33_000}])
)
_ODD_TEXTS = st.sampled_from([None, "", " ", 7, 7.0, True, uuid.UUID(int=7), _Text("u2"), ["u"], {}, "\ud800"])
_ODD_EVENTS = st.sampled_from([*sorted(RESERVED_NAMES)[:2], f" {min(RESERVED_NAMES)} "])
_ODD_TIMES = st.sampled_from(
    ["2026-11-02", datetime(2026, 11, 2, tzinfo=timezone.utc), date(2026, 11, 2), 5, "soon", {}]
)
_ODD_OWN = {
    "timestamp": _ODD_TIMES,
    "integrations": st.sampled_from([{}, {"All": False}, {"Customer.io": False}, []]),
    "message_id": st.sampled_from(["mine", "", 7, "x" * 100]),
}


_LACKING = [
    *(("track", {"user_id": "u1", "event": event}) for event in (None, "", " ")),
    *(("track", {"event": "E"}), ("track", {"user_id": "", "anonymous_id": "", "event": "E"})),
    *(("group", {"user_id": "u1"}), ("group", {"user_id": "u1", "group_id": ""}), ("group", {"group_id": "g1"})),
    *(("alias", {"user_id": "u1"}), ("alias", {"previous_id": "a1"}), ("alias", {"previous_id": "", "user_id": "u1"})),
    *((kind, {}) for kind in ("identify", "page", "screen")),
]


_TRACKING_PLAN = """
plan: 1
modes: {unknown-event: reject, mistyped-property: redact, other-id: warn, email-as-id: off}
conventions: {ids: {pattern: '^u'}}
common: {context: {type: string}}
identify: {traits: {type: string, a: number}}
pages: [Docs]
events:
  First:
  Order Completed: {once_per: a, aliases: [Docs], properties: {type: string, a: number, library: object}}
  " k\u00e9y ": {idempotency_key: type}
"""


@st.composite
def _calls(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Return a call and its arguments: half of them ordinary, the others with one argument, or two, that is not."""
    kind = draw(st.sampled_from(sorted(_ORDINARY)))
    call = draw(st.fixed_dictionaries(_ORDINARY[kind]))
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        name = draw(st.sampled_from([*_ORDINARY[kind], *_ODD_OWN]))
        if name in _ODD_OWN:
            call[name] = draw(_ODD_OWN[name])
        elif name in ("properties", "traits", "context"):
            call[name] = draw(_ODD_OBJECTS)
        else:
            call[name] = draw(_ODD_EVENTS | _ODD_TEXTS if name == "event" else _ODD_TEXTS)
    return kind, call


def _outcome(client: Client, kind: str, given_: dict[str, Any]) -> tuple[str, str]:
    """Return what a call gives back or raises, and what it adds to the spool, without the new message id."""
    spool = client._pipeline._lanes[0].spool
    before = spool.last_seq
    message_id = None
    try:
        taken, call = getattr(client, kind)(**given_)
        message_id, back = call.get("messageId"), f"{taken} {call!r}"
    except AssertionError as error:
        back = f"{type(error).__name__} {error}"
    added = spool._tail[-1:] if spool.last_seq > before else []
    kept = repr([(entry.body, entry.stamp, entry.skips, entry.message and entry.message[1:]) for entry in added])
    return back.replace(str(message_id), "ID"), kept.replace(str(message_id), "ID")


def _functions_of(call: Callable[[], object]) -> set[str]:
    """Return the names of the functions of Python that a call goes through."""
    names: set[str] = set()
    sys.setprofile(lambda frame, event, _: names.add(frame.f_code.co_name) if event == "call" else None)
    try:
        call()
    finally:
        sys.setprofile(None)
    return names


@pytest.mark.parametrize(
    ("stage", "calls", "checks"),
    [
        ("dual", 250, {}),
        ("segment", 50, {}),
        ("complete", 50, {}),
        ("dual", 100, {"privacy": {"card": "redact"}}),
        ("dual", 150, {"plan": True}),
        ("dual", 50, {"plan": True, "privacy": {"card": "redact"}}),
    ],
)
def test_the_express_does_what_the_usual_way_does(
    make_client: MakeClient, tmp_path: Path, stage: str, calls: int, checks: dict[str, Any]
) -> None:
    """The same answer or exception, the same body, stamp and skips in the spool, the same counts; also with checks."""
    if "plan" in checks:
        checks = {**checks, "plan": tmp_path / "tracking-plan.yaml"}
        checks["plan"].write_text(_TRACKING_PLAN)
    more = {"upload_interval": 300.0, "ledger_key": "0" * 32, "stage": stage, **checks}
    express = make_client(state_dir=tmp_path / "express", **more)
    usual = _Usual(**{**express.settings.model_dump(exclude_unset=True), "state_dir": tmp_path / "usual"})
    with freeze_time("2026-11-02T09:30:00.125Z"):
        for client in (express, usual):
            client.track("u1", "First")

        @settings(max_examples=calls)
        @given(_calls())
        def compare(call: tuple[str, dict[str, Any]]) -> None:
            assert _outcome(express, *call) == _outcome(usual, *call)

        compare()
        for call in _LACKING:
            assert _outcome(express, *call) == _outcome(usual, *call)
    assert (express.replaced, express.not_taken) == (usual.replaced, usual.not_taken)
    assert (express.violations, bool(express.violations)) == (usual.violations, bool(checks))
    assert express._express is not None


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.identify("u1", {"plan": "pro"}),
        lambda client: client.track(
            "u1", "Order Completed", {"items": [{"price": 1.5}, None, True]}, {"ip": "203.0.113.7"}
        ),
        lambda client: client.alias("a1", "u1"),
        lambda client: client.group("u1", "g1", {"name": "Acme"}),
        lambda client: client.page("u1", "Docs", "Pricing"),
        lambda client: client.screen(anonymous_id="a1", name="Home"),
    ],
    ids=["identify", "track", "alias", "group", "page", "screen"],
)
def test_ordinary_calls_take_the_express_from_the_second_on(client: Client, call: Callable[[Client], Any]) -> None:
    """Nothing of the usual way is gone through: neither upstream's method nor `build` nor `Plan.route`."""
    assert {"_enqueue", "build", "route"} <= _functions_of(lambda: call(client))
    assert not {"_enqueue", "build", "route"} & _functions_of(lambda: call(client))


def test_a_call_gives_back_copies(client: Client) -> None:
    """What the caller writes into its own objects later does not show in what a call gave back."""
    client.track("u1", "First")
    properties: dict[str, Any] = {"items": [{"sku": "a"}]}
    context: dict[str, Any] = {"page": {"url": "/"}}
    _, call = client.track("u1", "Order Completed", properties, context)
    properties["items"][0]["sku"] = context["page"]["url"] = "changed"
    assert call["properties"] == {"items": [{"sku": "a"}]}
    assert call["context"]["page"] == {"url": "/"}


def test_a_subclass_sees_every_call(sandbox: Any) -> None:
    """Code written for upstream may override `_enqueue`; so may a test, on one client."""
    seen: list[str] = []

    class Enriched(Client):
        def _enqueue(self, msg: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
            seen.append(msg["event"])
            return super()._enqueue({**msg, "properties": {"app": "shop"}})

    with Enriched("key", host=sandbox.customerio.url) as client:
        for event in ("A", "B", "C"):
            assert client.track("u1", event)[1]["properties"] == {"app": "shop"}
        client._enqueue = lambda msg: (True, msg)
        client.track("u1", "D")
    assert seen == ["A", "B", "C"]
    with Client("key", host=sandbox.customerio.url) as plain:
        plain.track("u1", "A")
        plain._enqueue = lambda msg: (False, msg)
        assert not plain.track("u1", "B")[0]


def test_attributes_that_may_change_at_any_time_act_at_once(make_client: MakeClient, sandbox: Any) -> None:
    """`send` and `sync_mode` are asked at each call."""
    client = make_client(upload_interval=300.0)
    client.track("u1", "A")
    client.send = False
    assert client.track("u1", "B")[0]
    client.send = True
    client.track("u1", "C")
    client.sync_mode = True
    client.track("u1", "D")
    assert [message["event"] for message in sandbox.customerio.accepted] == ["A", "C", "D"]


def test_a_full_spool_refuses_an_ordinary_call(make_client: MakeClient, sandbox: Any) -> None:
    """Each bound holds from the second call on as at the first, and the refusal is counted."""
    sandbox.customerio.answer(503)
    for bound in ({"max_queue_size": 3}, {"spool_max_bytes": 900}):
        client = make_client(segment_write_key=None, segment_host=None, upload_interval=300.0, **bound)
        taken = [client.track("u1", "A", {"a": 1})[0] for _ in range(5)]
        assert taken == [True, True, True, False, False]
        assert sum(client.not_taken.values()) == 2


def test_each_message_is_routed_where_the_plan_asks_for_it(
    make_client: MakeClient, sandbox: Any, tmp_path: Path
) -> None:
    """A stage file that comes to name an event takes effect on ordinary calls."""
    stages = tmp_path / "stage.toml"
    stages.write_text('stage = "dual"\n')
    client = make_client(stage_file=stages, stage_poll_s=0.1)
    client.track("u1", "A")
    client.track("u1", "A")
    stages.write_text('stage = "dual"\n[customerio.deny]\nevents = ["A"]\n')
    client._stages._due_s = 0.0
    client.track("u1", "A")
    assert client.flush(timeout=5)
    assert (len(sandbox.customerio.accepted), len(sandbox.segment.accepted)) == (2, 3)


def test_a_method_that_stands_in_for_ours_is_asked_at_each_call(make_client: MakeClient, tmp_path: Path) -> None:
    """Another client's `_enqueue`, a base class beside ours, a patched method of upstream's."""
    usual, other = make_client(upload_interval=300.0), make_client(upload_interval=300.0, state_dir=tmp_path / "other")
    seen: list[str | None] = []

    class Recorder(Upstream):  # type: ignore[misc]  # upstream is untyped
        def track(self, user_id: Any = None, event: Any = None, *args: Any, **kwargs: Any) -> Any:
            seen.append(event)
            return super().track(user_id, event, *args, **kwargs)

    class Recording(Client, Recorder):
        pass

    recording = Recording(**{**usual.settings.model_dump(exclude_unset=True), "state_dir": tmp_path / "recording"})
    for client in (usual, other, recording):
        assert client.track("u1", "A")[0]
    usual._enqueue = other._enqueue
    assert usual.track("u1", "B")[0]
    assert [client._pipeline._lanes[0].spool.last_seq for client in (usual, other)] == [1, 2]
    assert recording.track("u1", "B")[0]
    assert seen == ["A", "B"]
    with mock.patch.object(Upstream, "identify") as patched:
        other.identify("u1")
    assert patched.called


def test_a_method_of_upstream_that_was_wrapped_before_ours_was_imported_sees_each_call(tmp_path: Path) -> None:
    """A tracing tool that starts first has wrapped upstream's methods by then; so do hooks that run at its import."""
    code = f"""if True:
        import functools
        from segment.analytics.client import Client as Upstream
        seen = []
        def traced(method):
            @functools.wraps(method)
            def call(*args, **kwargs):
                seen.append(method.__name__)
                return method(*args, **kwargs)
            return call
        for kind in ("track", "page"):
            setattr(Upstream, kind, traced(getattr(Upstream, kind)))
        from pipelines_client import Client
        client = Client("key", host="http://127.0.0.1:9", state_dir={str(tmp_path)!r}, exit_timeout_s=0)
        for _ in range(2):
            client.track("u1", "A")
            client.page("u1")
            client.identify("u1")
        print(*seen)
    """
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["track", "page"] * 2


@pytest.mark.parametrize("kind", [Client, _Usual])
def test_what_fails_after_a_message_was_written_does_not_say_that_it_was_not_taken(
    make_client: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Client]
) -> None:
    """A caller that is told so would call again, and the message would be sent twice."""
    settings = make_client(upload_interval=300.0).settings.model_dump(exclude_unset=True)
    client = kind(**{**settings, "state_dir": tmp_path / "own"})
    client.track("u1", "A")
    monkeypatch.setattr(client._stages, "note", lambda *_: 1 / 0)
    assert client.alias("a1", "u1")[0]
    assert not client.not_taken
    assert client._pipeline._lanes[0].spool.last_seq == 2


def test_a_call_imports_nothing(sandbox: Any, tmp_path: Path) -> None:
    """A fork beside an import leaves the child an import lock that stays locked; a deployment may replace the files.

    Calls that are clean, mended, found by a check and refused, their log lines, and batches that an API refuses.
    """
    sandbox.customerio.answer(503, times=1)
    code = f"""if True:
        import datetime, sys
        from pipelines_client import Client
        checks = {{"plan": {str(PLANS / "shop.yaml")!r}, "privacy": "redact"}}
        client = Client("key", host={sandbox.customerio.url!r}, state_dir={str(tmp_path)!r}, **checks)
        day = datetime.datetime(2026, 1, 2)
        before = set(sys.modules)
        for _ in range(2):
            client.track("u1", "Product Viewed", {{"sku": "s-1"}})
            client.track("u1", "Order Complete", {{"card_number": "4111 1111 1111 1111", "x": object()}})
            client.track("u1", "Checkout Started", {{"cart_id": "c-1", "total": "4.50"}}, timestamp=day)
            client.track("someone@example.com", "User Deleted", {{"x": "x" * 40_000}})
            client.alias("a1", "u1", timestamp="2026-11-02T09:30:00Z")
        assert client.flush(timeout=10)
        assert client.violations["privacy:card"] and client.not_taken, (client.violations, client.not_taken)
        print(*sorted(set(sys.modules) - before))
    """
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("kind", [Client, _Usual])
def test_a_thread_whose_start_was_interrupted_leaves_its_place_to_another(
    make_client: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Client]
) -> None:
    """A signal's handler may raise when the thread runs already: a leg has one sender, and the message was taken."""
    settings = make_client().settings.model_dump(exclude_unset=True)
    client = kind(**{**settings, "state_dir": tmp_path / "own"})
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        raise KeyError(thread)

    client.track("u1", "A")
    client.join()
    before = set(threading.enumerate())
    monkeypatch.setattr(threading.Thread, "start", interrupted)
    assert client.track("u1", "B")[0]
    monkeypatch.setattr(threading.Thread, "start", start)
    client._pipeline._start_again_s = 0.0
    assert client.track("u1", "C")[0]
    assert client.flush(timeout=5)
    names = [thread.name for thread in set(threading.enumerate()) - before]
    assert sorted(name for name in names if "callback" not in name) == [
        "pipelines-client-customerio",
        "pipelines-client-segment",
    ]
    assert not client.not_taken
