"""What must stay of an entry, and why."""

from __future__ import annotations

import subprocess
import sys
from copy import copy
from dataclasses import fields
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from needs import lacks

from pipelines_client import _scan
from pipelines_client.delivery.spool.entry import Entry, MessageFacts, describe, stamp_of
from pipelines_client.identity import ShownIdentity
from pipelines_client.message.build import build
from pipelines_client.state.ledger import DeliveryRecord

SHOW = ShownIdentity(is_plain=False, key=bytes(range(32)))
NOW_MS = 1_793_612_345_678
_NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.sampled_from([-0.0, 2.0, 0.1 + 0.2, 1e16])
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | st.text(max_size=5) | st.sampled_from(["1e5", "a.0,", "0" * 17]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
_TEXTS = st.none() | st.text(max_size=6) | st.sampled_from(["u1", "k\u00e9y"])
_CALLS = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "page", "screen", "identify", "group", "alias"])},
    optional={
        "integrations": st.sampled_from([{}, {"All": False}]),
        "context": st.dictionaries(st.text(max_size=3) | st.just("integrations"), _VALUES, max_size=2),
        "timestamp": st.sampled_from([None, "2026-11-02T10:00:00+02:00", "0001-01-01T00:00:00Z"]),
        **dict.fromkeys(("userId", "anonymousId", "groupId", "event", "name", "previousId"), _TEXTS),
        **dict.fromkeys(("properties", "traits"), st.dictionaries(st.text(max_size=3), _VALUES, max_size=4)),
    },
)


@pytest.fixture
def _library() -> None:
    if _scan.load() is None:
        lacks("the native library is not built; install a Rust compiler (apt-get install rustc) and run make native")


def entry_of(call: dict[str, Any]) -> Entry:
    """Return what the log keeps of a call."""
    usual: dict[str, Any] = {"context": {}, "integrations": {}, "timestamp": None, "messageId": None}
    message = build({**usual, **call}, library={"name": "analytics-python"}, now_ms=NOW_MS).message
    return Entry(1, len(message.body), stamp_of(message, stage="dual"), message.body, {}, message)


def in_python(entry: Entry) -> bytes:
    """Return the facts of an entry as a machine without the library makes them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_scan, "load", lambda: None)
        described = copy(entry)
        describe([described], SHOW)
    return described.facts


OF_THE_LEG = {
    "finished_at",
    "leg",
    "outcome",
    "reason",
    "http_status",
    "attempts",
    "writer",
    "destination",
    "sent_hash",
}


def test_message_facts_and_a_fate_are_a_delivery_record_because_a_ledger_line_is_made_of_both() -> None:
    """A field that is added to the record must come from one of them."""
    assert set(MessageFacts._fields) | OF_THE_LEG == {field.name for field in fields(DeliveryRecord)}


def test_message_facts_begin_with_the_id_because_that_tells_a_complete_stamp_from_a_short_one() -> None:
    """`describe` looks at the first bytes only: it runs for every message."""
    stamp = MessageFacts("m1", "track", "E", None, "t", "h", 1, "requeued", "t").as_stamp()
    assert stamp.startswith(b'{"message_id"')
    assert not stamp.endswith(b"}")


@pytest.mark.usefixtures("_library")
@settings(max_examples=200)
@given(st.lists(_CALLS, min_size=1, max_size=3))
def test_the_native_library_says_of_messages_what_python_says(calls: list[dict[str, Any]]) -> None:
    """Byte for byte, of usual and odd messages in one batch, also of those that another process has left."""
    entries = [entry_of(call) for call in calls]
    found = [copy(entry) for entry in entries]
    describe(found, SHOW)
    assert [entry.facts for entry in found] == [in_python(entry) for entry in entries]
    left = [Entry(1, 2, entry.stamp, entry.body, {}) for entry in entries]
    describe(left, SHOW)
    assert [entry.facts for entry in left] == [entry.facts for entry in found]


@pytest.mark.usefixtures("_library")
def test_the_native_library_takes_usual_messages() -> None:
    """If it left them all, nothing would be wrong, and everything slow."""
    order = {"total": 42.0, "ratio": 0.3, "items": [{"sku": "a", "price": 129.95}], "gift": None, "named": "\u00e9\n"}
    calls: list[dict[str, Any]] = [
        *({"type": kind, "userId": "u1", "properties": order, "name": "Docs"} for kind in ("track", "page", "screen")),
        {"type": "identify", "anonymousId": "a1", "traits": {"plan": "pro"}},
        {"type": "group", "groupId": "g1", "traits": {}},
        {"type": "alias", "userId": "u1", "previousId": "a1"},
    ]
    entries = [entry_of(call) for call in calls]
    parts = [part for entry in entries for part in (entry.stamp, entry.body)]
    assert _scan.facts_of(parts, SHOW.key) == [in_python(entry) for entry in entries]


@pytest.mark.usefixtures("_library")
@settings(max_examples=150)
@given(_CALLS, st.binary(max_size=3), st.integers(0, 400), st.integers(0, 3))
def test_the_native_library_survives_every_body(call: dict[str, Any], put: bytes, place: int, cut: int) -> None:
    """For any bytes in the log it gives one answer a message, which is odd or JSON."""
    entry = entry_of(call)
    body = (entry.body[:place] + put + entry.body[place + cut :]).replace(b"\n", b"")
    for parts in ((entry.stamp, body), (put.replace(b"\n", b""), entry.body), (entry.stamp, b"")):
        facts = _scan.facts_of(parts, SHOW.key)
        assert len(facts) == 1


@pytest.mark.usefixtures("_library")
@pytest.mark.parametrize("show", [ShownIdentity(is_plain=True), ShownIdentity(is_plain=False), str])
def test_only_hashed_identities_are_left_to_the_native_library(show: Any) -> None:
    """In clear, without a key, or by another function: what the ledger shows is what that says."""
    entry = entry_of({"type": "track", "userId": "u1", "event": "E"})
    describe([entry], show)
    assert orjson.loads(entry.facts + b"}")["identity"] == show("user:u1")


def test_a_client_needs_no_ctypes(tmp_path: Path) -> None:
    """A Python that was built where libffi was not lacks it; then all is described in Python."""
    code = f"""if True:
        import sys
        sys.modules["_ctypes"] = None
        from pipelines_client import Client
        client = Client("key", host="http://127.0.0.1:9", state_dir={str(tmp_path)!r}, exit_timeout_s=0)
        assert client.track("u1", "A")[0]
    """
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.usefixtures("_library")
def test_a_child_that_is_forked_while_a_thread_describes_can_describe() -> None:
    """Rust's hook for panics has a lock: set at each call, one child in sixty had it locked for ever."""
    code = """if True:
        import os, threading
        from pipelines_client import _scan
        library = _scan.load()
        def describe():
            library.facts_free(library.facts_new(b"a", 1, b"key", 3))
        def describe_for_ever():
            while True:
                describe()
        for _ in range(4):
            threading.Thread(target=describe_for_ever, daemon=True).start()
        for _ in range(60):
            child = os.fork()
            if child == 0:
                describe()
                os._exit(0)
            os.waitpid(child, 0)
        os._exit(0)
    """
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
