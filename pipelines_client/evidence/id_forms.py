"""What an id looks like, as hashes by which it is found again under another id. Pure.

Nothing here keeps an id: what leaves this file are keyed hashes.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple

from pipelines_client.evidence.addresses import folded, is_like_email
from pipelines_client.identity import hash_identity

_DIGEST: Final = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}", re.ASCII)
_MOST_CHARS: Final = 320  # of an e-mail address; longer ids have no form

Digests = tuple[str, str, str]
"""Keyed hashes of the MD5, SHA-1 and SHA-256 digests of a text."""


class IdForms(NamedTuple):
    """What a user id looks like.

    `shape` is `email`, `digest` (MD5, SHA-1 or SHA-256 in hexadecimal) or empty. `alike` is the keyed hash of the
    address or digest that the id is, and `digests` are those of the digests of the id.
    """

    shape: str
    alike: str | None
    digests: Digests | None


class OtherIds(NamedTuple):
    """The ids of a call besides its identity.

    `forms` are those of the user id, `anonymous` is the identity of an anonymous id beside a user id, and `previous`
    are those that the previous id of an alias may stand for. `email` has the hashes of the e-mail address that the
    call carries (`addresses.email_in`), and of its digests.
    """

    forms: IdForms | None = None
    anonymous: str | None = None
    previous: tuple[str, ...] = ()
    email: tuple[str, Digests] | None = None


def forms_of(key: bytes, user_id: str) -> IdForms:
    """Return the forms of a user id."""
    if len(user_id) > _MOST_CHARS:
        return IdForms("", None, None)
    if is_like_email(user_id):
        return IdForms("email", address_of(key, user_id), digests_of(key, user_id.lower()))
    if _DIGEST.fullmatch(user_id):
        return IdForms("digest", hash_identity(key, f"digest:{user_id.lower()}"), None)
    return IdForms("", None, digests_of(key, user_id))


def address_of(key: bytes, address: str) -> str | None:
    """Return the keyed hash of an e-mail address, the same for all spellings of its letters' case."""
    return hash_identity(key, f"email:{folded(address)}")


def email_of(key: bytes, address: str) -> tuple[str, Digests]:
    """Return the keyed hashes of an e-mail address and of its digests, which are mostly those of small letters."""
    return address_of(key, address) or "", digests_of(key, address.lower())


def digests_of(key: bytes, text: str) -> Digests:
    """Return the keyed hashes of a text's digests, as `forms_of` hashes an id that is such a digest."""
    raw = text.encode("utf-8", "replace")
    digests = (
        hashlib.md5(raw, usedforsecurity=False).hexdigest(),
        hashlib.sha1(raw, usedforsecurity=False).hexdigest(),
        hashlib.sha256(raw).hexdigest(),
    )
    one, two, three = (hash_identity(key, f"digest:{digest}") or "" for digest in digests)
    return one, two, three
