"""Reads the key of a request and judges it. Pure."""

from __future__ import annotations

import base64
import binascii
import enum
import re
from collections.abc import Iterable, Sequence

_REGION = re.compile(r"(?:pk|sk)_(us|eu)_")


class KeyStanding(enum.Enum):
    """How an API judges the key of a request."""

    RIGHT = "right"
    MISSING = "no_key"
    WRONG = "wrong_key"
    OTHER_REGION = "other_region"


def read_authorization(header: str | None) -> tuple[str | None, str | None]:
    """Return the scheme and credential of an `Authorization` header; for Basic, the user name (FACTS C2, S2)."""
    scheme, _, credential = (header or "").strip().partition(" ")
    scheme, credential = scheme.lower(), credential.strip()
    if scheme == "bearer" and credential:
        return scheme, credential
    if scheme == "basic" and credential:
        try:
            user = base64.b64decode(credential, validate=True).decode("utf-8", "replace").partition(":")[0]
        except (binascii.Error, ValueError):
            return scheme, None
        return scheme, user or None
    return scheme or None, None


def region_of_key(key: str) -> str | None:
    """Return the region in a key of Customer.io, if it has one (FACTS C2)."""
    match = _REGION.match(key)
    return match.group(1) if match else None


def judge_key(
    key: str | None,
    *,
    named_region: str | None,
    region: str,
    allowed: frozenset[str] | None,
    allowed_elsewhere: frozenset[str] | None,
) -> KeyStanding:
    """Judge a key at an API.

    Args:
        key: The key as received.
        named_region: The region in the key, if the vendor's keys have one.
        region: The API's region.
        allowed: The API's keys; None accepts any key.
        allowed_elsewhere: The keys of the vendor's other region, if any were set.
    """
    if not key:
        return KeyStanding.MISSING
    if named_region is not None and named_region != region:
        return KeyStanding.OTHER_REGION
    if allowed is not None and key in allowed:
        return KeyStanding.RIGHT
    if allowed_elsewhere is not None and key in allowed_elsewhere:
        return KeyStanding.OTHER_REGION
    return KeyStanding.RIGHT if allowed is None else KeyStanding.WRONG


def keys_by_api(given: Iterable[str], apis: Sequence[str]) -> dict[str, list[str]]:
    """Sort write keys by API: `segment=KEY` is for one, `KEY` for all."""
    keys: dict[str, list[str]] = {}
    for text in given:
        name, equals, key = text.partition("=")
        is_named = bool(equals) and name in apis
        for api in (name,) if is_named else apis:
            keys.setdefault(api, []).append(key if is_named else text)
    return keys
