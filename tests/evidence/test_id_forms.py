"""Forms of ids: by their hashes an id is found under another one, and nothing of it is kept."""

from __future__ import annotations

import hashlib

import pytest

from pipelines_client.evidence.id_forms import address_of, digests_of, forms_of

KEY = bytes(range(32))


def test_an_address_is_one_in_any_case_of_letters() -> None:
    """As a trait and as an id."""
    forms = forms_of(KEY, "Kim@Example.com")
    assert (forms.shape, forms.alike) == ("email", address_of(KEY, "kim@example.COM"))
    assert forms.digests == digests_of(KEY, "kim@example.com")
    assert address_of(KEY, "kim@example.com") != address_of(b"other" * 4, "kim@example.com")


@pytest.mark.parametrize("digest", ["md5", "sha1", "sha256"])
def test_an_id_that_is_a_digest_of_another_has_its_hash(digest: str) -> None:
    """In either case of its letters."""
    text = hashlib.new(digest, b"user-42").hexdigest()
    for each in (text, text.upper()):
        forms = forms_of(KEY, each)
        assert (forms.shape, forms.digests) == ("digest", None)
        assert forms.alike in digests_of(KEY, "user-42")
        assert forms.alike not in digests_of(KEY, "user-43")


def test_any_other_id_has_no_shape() -> None:
    """A UUID, a number, something that is nearly a digest, and one that is absurdly long."""
    for user in ("user-42", "42", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "g" * 32, "0" * 33, "kim@localhost"):
        assert forms_of(KEY, user)[:2] == ("", None)
        assert "user" not in repr(forms_of(KEY, user))
    assert forms_of(KEY, "a" * 5_000) == ("", None, None)
