"""Who a message is about, and the keyed hash of it."""

from __future__ import annotations

import pytest

from pipelines_client.identity import hash_identity, parse_identity_key, primary_identity


def test_identities_are_hashed_with_the_key_and_keep_their_kind() -> None:
    """A user and a group of one name differ, and another key gives another hash."""
    key, other = bytes(32), bytes([1] * 32)
    user, group = primary_identity("7", "a"), primary_identity(None, None, "7")
    assert hash_identity(key, user) != hash_identity(key, group)
    assert hash_identity(key, user) != hash_identity(other, user)
    assert hash_identity(key, None) is None


@pytest.mark.parametrize("text", ["", "zz", "00" * 15, "00" * 65])
def test_a_key_given_must_be_a_key(text: str) -> None:
    """PIPELINES_LEDGER_KEY: 16 to 64 bytes in hexadecimal."""
    with pytest.raises(ValueError, match=r"."):
        parse_identity_key(text)


def test_the_identity_hash_never_changes_because_ledgers_are_joined_with_exports_by_it() -> None:
    """Another algorithm would make every person in an old ledger a stranger."""
    assert hash_identity(bytes(range(16)), "user:kim") == "35ed2c6114efba21"
