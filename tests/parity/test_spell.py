"""Paths, as reports and rules write them."""

import pytest

from pipelines_client.parity.spell import below, last_key


@pytest.mark.parametrize("key", ["plan", "price.amount", 'say "x"', "a[]", "", "*", "back\\slash", "line\nend", "é"])
def test_a_key_comes_back_from_its_path(key):
    """Whatever a key holds, its path ends with it, and a flat key has another path than nested ones."""
    path = below("properties", key)
    assert last_key(path) == last_key(path + "[]") == key
    assert path == f"properties.{key}" or path.endswith('"')


def test_a_flat_key_and_a_nested_one_have_two_paths():
    """A rule for the one must not explain the other."""
    assert below("properties", "price.amount") == 'properties."price.amount"'
    assert below(below("traits", "kim@example.com"), "due") == "traits.*.due"
    assert below(below("properties", "price"), "amount") == "properties.price.amount"
