"""Which people are in a share."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.routing.cohorts import Aliases, hash_id, in_cohort


def test_the_hashes_of_cohorts_never_change_because_running_migrations_and_alias_files_rest_on_them() -> None:
    """Another algorithm would move people between the sides, and make every alias on disk useless."""
    assert hash_id("user:kim").hex() == "67561bb3a8f2e8a0"
    assert hash_id("user:Zoë").hex() == "789fb70695ef899a"
    assert hash_id(None).hex() == "e4a6a0577479b2b4"
    people = [n for n in range(40) if in_cohort(f"user:u{n}", share=0.25, salt="")]
    assert people == [0, 9, 17, 20, 21, 22, 23, 26, 27, 35, 36, 38, 39]
    assert [n for n in range(40) if in_cohort(f"user:u{n}", share=0.25, salt="2026")] == [6, 11, 18, 26, 27, 36, 39]


def test_a_share_of_one_is_everybody_and_of_none_nobody() -> None:
    """Also a person without an id."""
    for identity in (None, "user:", *(f"user:{n}" for n in range(100))):
        assert [in_cohort(identity, share=share, salt="s") for share in (0, 1)] == [False, True]


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_person_in_a_small_share_is_in_a_larger_one(name: str, one: float, other: float) -> None:
    """Raising the share adds people and removes none."""
    small, large = sorted((one, other))
    if in_cohort(f"user:{name}", share=small, salt="s"):
        assert in_cohort(f"user:{name}", share=large, salt="s")


@given(st.text(min_size=1), st.floats(0, 1), st.text())
def test_an_id_is_in_one_cohort_whatever_it_is_the_id_of(name: str, share: float, salt: str) -> None:
    """An anonymous id that becomes a user's, or a previous id, keeps its cohort."""
    kinds = (f"user:{name}", f"anonymous:{name}", f"group:{name}")
    assert len({in_cohort(identity, share=share, salt=salt) for identity in kinds}) == 1


def is_binomial(count: int, of: int, share: float) -> bool:
    """Say whether a count is within five standard deviations of its share."""
    return abs(count - of * share) <= 5 * (of * share * (1 - share)) ** 0.5


@pytest.mark.parametrize("share", [0.01, 0.25, 0.9])
@pytest.mark.parametrize("form", ["user:{}", "user:{:08x}-0000-4000-8000-000000000000", "anonymous:kim+{}@example.com"])
def test_a_share_is_a_share_and_another_salt_picks_others(share: float, form: str) -> None:
    """Of 20,000 people, within the bounds of chance; another salt chooses the same share of these people."""
    people = [form.format(n) for n in range(20_000)]
    chosen = [p for p in people if in_cohort(p, share=share, salt="a")]
    again = [p for p in chosen if in_cohort(p, share=share, salt="b")]
    assert is_binomial(len(chosen), len(people), share)
    assert is_binomial(len(again), len(chosen), share)


def test_a_share_of_people_with_aliases_is_that_share_of_people() -> None:
    """Each of 5,000 has three ids: a person counts once, and is in or out with all of them."""
    aliases = Aliases()
    people = [[f"user:{n}", f"anonymous:a{n}", f"user:old-{n}"] for n in range(5_000)]
    for first, second, third in people:
        aliases.pair(hash_id(second), hash_id(first))
        aliases.pair(hash_id(third), hash_id(first))
    cohorts = [{in_cohort(id_, share=0.3, salt="s", aliases=aliases) for id_ in ids} for ids in people]
    assert all(len(cohort) == 1 for cohort in cohorts)
    assert is_binomial(cohorts.count({True}), len(people), 0.3)


PAIRS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20)


@given(PAIRS, st.floats(0, 1), st.text(max_size=4))
def test_an_alias_keeps_both_ids_in_one_cohort_whatever_comes_after(
    pairs: list[tuple[int, int]], share: float, salt: str
) -> None:
    """Chains, circles, two old ids of one person, two people who turn out to be one."""
    aliases = Aliases()
    for previous, user in pairs:
        aliases.pair(hash_id(f"user:{previous}"), hash_id(f"user:{user}"))
    for previous, user in pairs:
        ids = (f"anonymous:{previous}", f"user:{user}")
        assert len({in_cohort(id_, share=share, salt=salt, aliases=aliases) for id_ in ids}) == 1


def test_a_new_id_joins_the_cohort_of_the_old_one_and_a_new_device_that_of_its_person() -> None:
    """A person who was known before stays: the visitor who signs up, and the user who comes with another device."""
    aliases = Aliases()
    visitor, user, renamed, device = (hash_id(f"user:{name}") for name in ("visitor", "kim", "kim2", "device"))
    aliases.pair(visitor, user)
    aliases.pair(device, user)
    aliases.pair(user, renamed)
    assert {aliases.head(id_) for id_ in (visitor, user, renamed, device)} == {visitor}


def test_a_cohort_is_the_same_in_every_process() -> None:
    """Python's `hash` would differ from process to process."""
    script = (
        "from pipelines_client.routing.cohorts import in_cohort;"
        "print([n for n in range(200) if in_cohort(f'user:{n}', share=0.3, salt='x')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([n for n in range(200) if in_cohort(f"user:{n}", share=0.3, salt="x")])
