"""What an API's words may keep of the request."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote

import pytest

from pipelines_client.destinations.redaction import hide

KEY = "SECRET/KEY+123"
BASIC = base64.b64encode(f"{KEY}:".encode()).decode()
CALL = {
    "anonymousId": None,
    "timestamp": "2026-11-20T09:30:00.000+00:00",
    "context": {"library": {"name": "analytics-python", "version": "2.4.0"}},
    "userId": "42",
    "type": "identify",
    "messageId": "01M80XY90W4PR43R39Q66JXP4K",
    "traits": {"email": "kim@mail.example", "name": "Kim Ångström", "phone": 491701234567, "note": "blue shoes"},
}
BODY = json.dumps(CALL, ensure_ascii=False, separators=(",", ":")).encode()


def hidden(words: str) -> str:
    return hide(words, secrets=[KEY], bodies=[BODY])


@pytest.mark.parametrize(
    "words",
    [
        "write key is invalid",
        "userId is blank",
        "batch[0]: userId or anonymousId is required",
        "type must be one of identify, track, page, screen, group, alias",
        "timestamp: 2026-11-20T09:30 is too old",
        "",
    ],
)
def test_what_gives_nothing_away_stays(words: str) -> None:
    """Else a refusal could not be understood."""
    assert hidden(words) == words


@pytest.mark.parametrize("form", [KEY, quote(KEY, safe=""), html.escape(KEY), BASIC, BASIC.rstrip("="), KEY.lower()])
def test_the_key_is_hidden_in_each_form(form: str) -> None:
    """As it is, encoded for an address or a page, and as the header has it."""
    assert form not in hidden(f"refused: x-key={form}, go away")


def test_any_credentials_are_hidden() -> None:
    """A proxy may repeat its own."""
    assert hidden("Proxy-Authorization: Basic YWRhOnB3 is wrong") == "Proxy-Authorization: Basic *** is wrong"
    assert hidden("got Bearer abc.def-ghi") == "got Bearer ***"


@pytest.mark.parametrize(
    "words",
    [
        "no user kim@mail.example",
        "no user KIM@MAIL.EXAMPLE",
        "no user kim%40mail.example",
        "no user kim&#64;mail.example",
        "no user Kim Ångström here",
        "not a phone: 491701234567.",
        "user 42 is unknown",
        "user '42'",
    ],
)
def test_values_of_the_messages_are_hidden(words: str) -> None:
    """Ids of any length, other values from four characters on."""
    shown = hidden(words).lower()
    assert "***" in shown
    assert not any(value in shown for value in ("kim", "ångström", "491701234567", "42"))


@pytest.mark.parametrize("spell", [str, html.escape, lambda text: quote(text, safe="")])
@pytest.mark.parametrize("length", range(20, len(BODY), 7))
def test_a_request_that_comes_back_is_hidden_wherever_it_is_cut(spell: object, length: int) -> None:
    """The end of what a gateway repeats may lie in the middle of a name or an address."""
    text = BODY.decode()[:length]
    shown = hidden(f"Bad request. Authorization: Basic {BASIC} Body: {spell(text)}")  # type: ignore[operator]
    for piece in (KEY, BASIC, "kim@mail", "mail.example", "Ångström", "491701"):
        assert piece not in shown
    assert shown.startswith("Bad request. Authorization: Basic ***")


def test_a_short_key_does_not_eat_words() -> None:
    """Tests and demos use keys of one letter."""
    assert hide("write key is invalid: k", secrets=["k"], bodies=[]) == "write key is invalid: ***"


def test_a_large_batch_costs_little() -> None:
    """2,500 messages and a page of words: well below what the request took."""
    bodies = [BODY.replace(b"42", str(n).encode()) for n in range(2_500)]
    assert "kim@" not in hide("<p>sorry</p> " * 150 + "kim@mail.example", secrets=[KEY], bodies=bodies)
