"""Which e-mail address a call carries, and what one looks like (FACTS C10, C17, R4, R5, P1). Pure."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_EMAIL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}", re.IGNORECASE | re.ASCII)
_LIKE_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+")
_MOST_CHARS: Final = 320
_KEY: Final = "email"

EMAIL_PLACE: Final = f"traits.{_KEY}"
"""Where an identify has its person's e-mail address by the documents."""


class CarriedEmail(NamedTuple):
    """The e-mail address of a person in a call, and its place, such as `traits.email` or `context.traits.Email`."""

    text: str
    place: str


def is_email(text: str) -> bool:
    """Return whether the vendors take an id for an e-mail address: dotted atoms, an @ and a domain with a dot."""
    return _EMAIL.fullmatch(text) is not None


def is_like_email(text: str) -> bool:
    """Return whether a reader takes a text for an e-mail address, in letters of any language."""
    return len(text) <= _MOST_CHARS and _LIKE_EMAIL.fullmatch(text) is not None


def folded(address: str) -> str:
    """Return an e-mail address as it is compared: the case of its letters does not count (FACTS P1)."""
    return address.casefold()


def email_in(traits: Any, context: Any = None) -> CarriedEmail | None:
    """Return the e-mail address that a call says its person has; None without one.

    The trait `email` comes first, then a trait such as `Email` or `EMAIL`, then those in `context.traits`. Only the
    first is documented (`EMAIL_PLACE`).

    Args:
        traits: Those of an identify; None for other calls, whose traits are not a person's.
        context: The call's context.

    Example:
        >>> email_in({"EMAIL": "kim@example.com"})
        CarriedEmail(text='kim@example.com', place='traits.EMAIL')
    """
    found = _email_of(traits, "traits") if type(traits) is dict else None
    if found is not None or type(context) is not dict:
        return found
    inner = context.get("traits")
    return _email_of(inner, "context.traits") if type(inner) is dict else None


def _email_of(traits: dict[str, Any], place: str) -> CarriedEmail | None:
    usual = traits.get(_KEY)
    if type(usual) is str and is_like_email(text := usual.strip()):
        return CarriedEmail(text, f"{place}.{_KEY}")
    for key, value in traits.items():
        if len(key) == len(_KEY) and key != _KEY and key.lower() == _KEY and type(value) is str:
            text = value.strip()
            if is_like_email(text):
                return CarriedEmail(text, f"{place}.{key}")
    return None
