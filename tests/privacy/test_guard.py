"""The guard: any depth, keys and values, what is taken out and what stays, and that both questions agree."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines_client.privacy.guard import Guard, Hit, placeholder
from pipelines_client.privacy.modes import table_of

CARD = "4111 1111 1111 1111"
_SENSITIVE = [
    CARD,
    "4111111111111111",
    f"paid with {CARD}",
    "DE89370400440532013000",
    "de89370400440532013000",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "Bearer 4f3c2b1a0d9e8f7a6b5c",
    "https://example.com/?password=hunter2&a=1",
    "-----BEGIN PRIVATE KEY----- MIIB",
    "hunter2",
    "a1b2c3d4e5f6a7b8",
    "ada@example.com",
    "2026-11-20T09:30:00Z",
    "order 4111111111111111 shipped",
]
_KEYS = [
    *("password", "token", "device", "card", "number", "value", "account", "iban", "note", "order_id", "diagnosis"),
    *("medical_history", "email", "ssn", "api", "data", "total", "library", CARD, "ada@example.com", ""),
]


def _call(properties: Any, **more: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": "u1",
        "properties": properties,
        "context": {},
        **more,
    }


def _guard(**table: Any) -> Guard:
    return Guard(table_of(table or {"default": "redact"}) or {})


@pytest.mark.parametrize(
    ("properties", "kept", "path"),
    [
        ({"card_number": CARD, "a": 1}, {"card_number": "[redacted:card]", "a": 1}, "properties.card_number"),
        ({"card_number": 4111111111111111}, {"card_number": "[redacted:card]"}, "properties.card_number"),
        ({"note": f"paid with {CARD}, ok"}, {"note": "paid with [redacted:card], ok"}, "properties.note"),
        ({"a": [{"b": [0, {"cc": CARD}]}]}, {"a": [{"b": [0, {"cc": "[redacted:card]"}]}]}, "properties.a[].b[].cc"),
        ({"card": {"number": CARD}}, {"card": {"number": "[redacted:card]"}}, "properties.card.number"),
        ({"cards": [CARD, "x"]}, {"cards": ["[redacted:card]", "x"]}, "properties.cards[]"),
        ({CARD: 1}, {"[redacted:card]": 1}, "properties.*"),
        ({"by_user": {"u-123456": {"pwd": "hunter2"}}}, None, "properties.by_user.*.pwd"),
        ({"medical_history": {"x": [True, None]}}, {"medical_history": {"x": ["[redacted:health]", None]}}, None),
        ({"url": "https://h/?password=hunter2&a=1"}, {"url": "https://h/?password=[redacted:password]&a=1"}, None),
    ],
)
def test_what_is_found_is_taken_out_wherever_it_stands(properties: Any, kept: Any, path: str | None) -> None:
    """In keys and values, texts and numbers, objects and arrays; the given call does not change."""
    before = copy.deepcopy(properties)
    looked = _guard().examine(_call(properties))
    assert properties == before
    assert len(looked.hits) == 1
    assert kept is None or looked.call["properties"] == kept
    assert path is None or looked.hits[0].path == path


def test_two_keys_that_become_one_stay_two() -> None:
    """No value is lost."""
    looked = _guard().examine(_call({CARD: 1, "4242 4242 4242 4242": 2, "[redacted:card]": 3}))
    assert looked.call["properties"] == {"[redacted:card] (2)": 1, "[redacted:card] (3)": 2, "[redacted:card]": 3} or (
        sorted(looked.call["properties"].values()) == [1, 2, 3]
    )


def test_an_id_is_never_replaced() -> None:
    """Many people would become one: the call is rejected."""
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    looked = _guard().examine(_call({}, userId=token))
    assert looked.hits == [Hit("jwt", "userId", "reject")]
    assert looked.call["userId"] == token
    assert _guard(default="warn").examine(_call({}, userId=token)).hits[0].mode == "warn"


def test_names_and_context_are_looked_at_too() -> None:
    """An event may be named after what a visitor typed."""
    looked = _guard().examine(_call({}, event=f"Searched {CARD}", context={"page": {"title": CARD}}))
    assert looked.call["event"] == "Searched [redacted:card]"
    assert looked.call["context"] == {"page": {"title": "[redacted:card]"}}


def test_where_two_find_something_the_harder_mode_decides_then_the_longer_find() -> None:
    """The password is the whole value, the card a part of it."""
    properties = {"password": f"x {CARD} x"}
    assert [hit.code for hit in _guard().examine(_call(properties)).hits] == ["password"]
    hits = _guard(default="redact", card="reject").examine(_call(properties)).hits
    assert [(hit.code, hit.mode) for hit in hits] == [("card", "reject")]


@pytest.mark.parametrize("key", ["ada@example.com", "usr_a1b2c3", "user 12345678", "Zoë", "a.b", "x" * 41])
def test_a_key_that_may_be_a_persons_is_not_in_a_path_also_after_the_cheap_question(key: str) -> None:
    """It would get into the log: also where the cheap question remembers that the key holds nothing."""
    guard, call = _guard(), _call({"by": {key: {"address1": {"password": "hunter2"}}}})
    assert not guard.is_clean(call)
    assert [hit.path for hit in guard.examine(call).hits] == ["properties.by.*.address1.password"]


def test_a_place_that_the_setting_allows_may_have_any_name() -> None:
    """The setting has said the name."""
    guard, call = _guard(allow=["properties.b2b[].Zoë"]), _call({"b2b": [{"Zoë": {"password": "hunter2"}}]})
    assert guard.is_clean(call)


def test_a_path_may_be_allowed_and_health_keys_may_be_added() -> None:
    """What a team knows better than a detector."""
    properties = {"gate": {"passcode": "4711x"}, "skinType": "dry"}
    assert [hit.code for hit in _guard().examine(_call(properties)).hits] == ["password"]
    guard = _guard(allow=["properties.gate.passcode"], health_keys=["skin type"])
    assert [hit.code for hit in guard.examine(_call(properties)).hits] == ["health"]


def test_email_and_phone_are_looked_for_on_request_only() -> None:
    """Wherever they stand then."""
    properties = {"note": "ada@example.com or +49 170 1234567"}
    assert not _guard().examine(_call(properties)).hits
    guard = _guard(default="off", email="redact", phone="redact")
    assert guard.examine(_call(properties)).call["properties"] == {"note": "[redacted:email] or [redacted:phone]"}


def test_a_device_keeps_its_token() -> None:
    """Customer.io's device events need it."""
    device = {"device": {"token": "a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6"}}
    assert not _guard().examine(_call({}, context=device)).hits


def test_what_is_remembered_of_keys_has_a_bound() -> None:
    """Also if each call brings new keys; and what was remembered does not change an answer."""
    guard = _guard()
    for place in range(0, 5_000, 100):
        assert guard.is_clean(_call({f"key {number}": 1 for number in range(place, place + 100)}))
    assert max(len(guard._plain_keys), len(guard._dull), len(guard._keys)) <= 4096
    assert not guard.is_clean(_call({"password": "hunter2"}))


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from(_SENSITIVE),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20) | st.sampled_from(_KEYS), inner, max_size=4)
    ),
    max_leaves=8,
)
_CALLS = st.builds(
    _call,
    st.dictionaries(st.text(max_size=20) | st.sampled_from(_KEYS), _VALUES, max_size=4),
    userId=st.sampled_from(["u1", "", None, *_SENSITIVE]),
    event=st.text(max_size=30) | st.sampled_from(_SENSITIVE),
    context=st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=3),
)


@pytest.mark.parametrize("table", [{"default": "redact"}, {"default": "redact", "email": "redact", "phone": "redact"}])
def test_the_cheap_question_agrees_with_the_exact_answer(table: dict[str, Any]) -> None:
    """Clean exactly if nothing is found; a redacted call is valid JSON in which nothing more is found."""
    guard = Guard(table)

    @settings(max_examples=250)
    @given(_CALLS)
    def compare(call: dict[str, Any]) -> None:
        before = copy.deepcopy(call)
        looked = guard.examine(call)
        assert call == before
        assert guard.is_clean(call) == (not looked.hits)
        if guard._is_plain(call):
            assert not looked.hits
        if not looked.hits:
            assert looked.call is call
        elif all(hit.mode == "redact" for hit in looked.hits):
            assert not guard.examine(orjson.loads(orjson.dumps(looked.call))).hits

    compare()


@settings(max_examples=100)
@given(_CALLS)
def test_no_finding_holds_a_value(call: dict[str, Any]) -> None:
    """Only a code, a mode, and a path of names."""
    for hit in Guard({"default": "warn", "email": "warn"}).examine(call).hits:
        assert not any(value in hit.path for value in (*_SENSITIVE, CARD, "ada@example.com"))


def test_a_placeholder_is_found_by_no_detector() -> None:
    """Otherwise a call that is sent again would be redacted again."""
    for code in ("card", "password", "email"):
        assert not Guard({"email": "warn"}).examine(_call({"password": placeholder(code)})).hits
        assert not Guard({"email": "warn"}).examine(_call({placeholder(code): "4111111111111111"})).hits


def test_a_key_with_a_placeholder_within_it_says_nothing() -> None:
    """A second look at what was sent finds nothing."""
    once = _guard().examine(_call({"password: hunter2x": "for the door"}))
    assert once.call["properties"] == {"password: [redacted:password]": "for the door"}
    assert _guard().examine(once.call).hits == []
