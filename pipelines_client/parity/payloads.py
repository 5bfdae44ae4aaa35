"""Payloads as text: parsed, and hashed as the client hashed them. Pure.

Hashing is most of the work of reading an export, and nearly every payload is written so that sorting its keys makes it
canonical. Those take a short way; all others take `canonical.payload_hash`.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any

import orjson

from pipelines_client.canonical import payload_hash

_SORTED = orjson.OPT_SORT_KEYS
_DIGITS_AS_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_ODD_NUMBER = re.compile(rb"[:,\[]-?(?:\d+\.?\d*e|\d{16})")


def read_payload(text: bytes) -> Any:
    """Parse a payload; a missing one and a null are the empty one that the clients send.

    Raises:
        orjson.JSONDecodeError: It is no JSON.
    """
    if not text or text == b"null":
        return {}
    payload = orjson.loads(text)
    if isinstance(payload, str):  # some exports hold nested values as text
        payload = orjson.loads(payload)
    return payload


def hash_text(text: bytes) -> str:
    """Return `canonical.payload_hash` of a payload, from its text.

    Raises:
        orjson.JSONDecodeError: It is no JSON.
    """
    payload = read_payload(text)
    # orjson sorts by UTF-8 bytes and the RFC by UTF-16 units, so only ASCII keys may take the short way.
    if type(payload) is dict and text.isascii() and b"\\u" not in text:
        form = orjson.dumps(payload, option=_SORTED)
        if not _has_odd_number(form):
            return blake2b(form, digest_size=8).hexdigest()
    return payload_hash(payload)


def _has_odd_number(form: bytes) -> bool:
    """Say whether compact JSON may hold a number that orjson spells otherwise than RFC 8785.

    That is: one that ends in .0, has an exponent or sixteen digits. A text that looks so takes the long way for
    nothing, which is slow and not wrong. Plain searches come first: the expression costs more than all the rest.
    """
    if b".0," in form or b".0}" in form or b".0]" in form:
        return True
    shape = form.translate(_DIGITS_AS_ZERO)
    if b"0e" in shape or b"0" * 16 in shape:
        return _ODD_NUMBER.search(form) is not None
    return False
