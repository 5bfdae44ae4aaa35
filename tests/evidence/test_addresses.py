"""Which e-mail address a call carries, and whether two are the same."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines_client.evidence.addresses import EMAIL_PLACE, email_in, folded, is_email, is_like_email

KIM, LEE = "kim@example.com", "lee@example.com"


@pytest.mark.parametrize(
    ("traits", "context", "found"),
    [
        ({"email": KIM, "Email": LEE}, {"traits": {"email": LEE}}, (KIM, EMAIL_PLACE)),
        ({"email": f" {KIM} "}, None, (KIM, EMAIL_PLACE)),
        ({"EMAIL": LEE}, {"traits": {"email": KIM}}, (LEE, "traits.EMAIL")),
        ({"email": "", "eMail": LEE}, None, (LEE, "traits.eMail")),
        ({"plan": "pro"}, {"traits": {"email": KIM}}, (KIM, "context.traits.email")),
        (None, {"traits": {"Email": KIM}}, (KIM, "context.traits.Email")),
        ({"email": None, "Email": 7, "e-mail": KIM, "emails": KIM}, {"email": KIM, "traits": [KIM]}, None),
        ([KIM], "kim@example.com", None),
        (None, None, None),
    ],
)
def test_one_place_comes_before_the_other(traits: Any, context: Any, found: Any) -> None:
    """The documented one first; what is not an address is passed over."""
    assert email_in(traits, context) == found


@pytest.mark.parametrize(
    ("text", "is_id", "is_like"),
    [
        (KIM, True, True),
        ("KIM@grün.example", False, True),
        ("kim@localhost", False, False),
        ("kim lee@example.com", False, False),
        ("kim@lee@example.com", False, False),
        ("kim@example..com", False, False),
        (f"{'k' * 320}@example.com", True, False),
    ],
)
def test_vendors_know_the_form_of_fewer_addresses_than_readers(text: str, is_id: bool, is_like: bool) -> None:
    """An id is an address by the vendors' rule (FACTS C17, R5); two people are one by a reader's."""
    assert (is_email(text), is_like_email(text)) == (is_id, is_like)


def test_the_case_of_letters_does_not_count_in_any_alphabet() -> None:
    """FACTS P1."""
    assert folded("KIM@GRÜN.example") == folded("kim@grün.example")
    assert folded("kim@STRAẞE.example") == folded("kim@strasse.example")
