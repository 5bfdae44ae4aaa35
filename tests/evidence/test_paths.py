"""Paths, as reports and rules write them."""

import pytest

from pipelines_client.evidence.paths import below, last_key


@pytest.mark.parametrize("key", ["plan", "price.amount", 'say "x"', "a[]", "", "*", "back\\slash", "line\nend", "é"])
def test_a_key_comes_back_from_its_path(key):
    """Whatever a key holds, its path ends with it, and a flat key has another path than nested ones."""
    path = below("properties", key)
    assert last_key(path) == last_key(path + "[]") == key
    assert path == f"properties.{key}" or path.endswith('"')


def test_a_flat_key_and_a_nested_one_have_two_paths():
    """A rule for the one must not explain the other."""
    assert below("properties", "price.amount") == 'properties."price.amount"'
    assert below(below("properties", "price"), "amount") == "properties.price.amount"


@pytest.mark.parametrize("address", ["kim@example.com", "kim@b\u00fccher.example"])
def test_an_address_as_a_key_is_any_key(address):
    """It is a person's, and a path is shown."""
    assert below(below("traits", address), "due") == "traits.*.due"
