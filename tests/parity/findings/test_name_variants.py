"""Names that differ by case, separators or a typo: decided from counts, and planted in files."""

from __future__ import annotations

from datetime import timedelta

import pytest
from evidence import START
from finding_rows import counts as counts_of
from finding_rows import rows as rows_of
from hypothesis import given
from hypothesis import strategies as st

from pipelines_client.parity.findings.name_variants import RARE, variants


def found(counts, together=()):
    return [(item.name, item.like, item.kind, item.is_proven) for item in variants(counts, together)]


@pytest.mark.parametrize(
    ("rare", "frequent", "kind"),
    [
        ("account created", "Account Created", "casing"),
        ("account_created", "Account Created", "separators"),
        ("AccountCreated", "Account Created", "separators"),
        ("Account Crated", "Account Created", "typo"),
        ("Acount Createt", "Account Created", "typo"),
        ("Order Complete", "Order Completed", "typo"),
        ("Subscription Canceled", "Subscription Cancelled", "typo"),
    ],
)
def test_another_spelling_is_found(rare, frequent, kind):
    """Rare beside frequent, whichever is named first."""
    assert found({rare: 2, frequent: 2 * RARE}) == [(rare, frequent, kind, False)]


@pytest.mark.parametrize(
    ("rare", "frequent"),
    [
        ("Trial Ended", "Trial Started"),
        ("Subscription Upgraded", "Subscription Downgraded"),
        ("Invite Sent", "Invite Accepted"),
        ("Step 2 Done", "Step 1 Done"),
        ("Seen", "Sent"),
        ("purchase", "order_completed"),
        ("!!!", "???"),
    ],
)
def test_names_that_mean_two_things_are_left_alone(rare, frequent):
    """Digits differ on purpose, short names by a letter, and signs alone are names of their own."""
    assert found({rare: 1, frequent: 1000}) == []


def test_two_frequent_names_are_no_typo_of_each_other_unless_proven():
    """Both may be meant; a message with both names says that they are one."""
    counts = {"Product Viewed": 500, "Products Viewed": 400}
    assert found(counts) == []
    assert found(counts, [("Products Viewed", "Product Viewed")]) == [
        ("Products Viewed", "Product Viewed", "typo", True)
    ]


def test_a_typo_is_of_the_nearest_name_and_spellings_of_it_are_told_by_it():
    """One word for each name: the spelling of a typo is a spelling, its most frequent form the typo."""
    counts = {"Cart Updated": 900, "Card Updated": 800, "Cart Updatet": 5, "cart_updatet": 1}
    assert found(counts) == [
        ("Cart Updatet", "Cart Updated", "typo", False),
        ("cart_updatet", "Cart Updatet", "separators", False),
    ]


@given(st.dictionaries(st.text(max_size=8), st.integers(1, 1000), max_size=12))
def test_every_variant_is_rarer_than_what_it_is_like_or_as_frequent(counts):
    """For any names: each at most twice (as a spelling, or as a typo), never like itself."""
    names = [item.name for item in variants(counts)]
    assert len(names) == len(set(names))
    assert all(counts[item.name] <= counts[item.like] for item in variants(counts) if item.kind != "typo")
    assert all(item.name != item.like for item in variants(counts))


def test_names_that_differ_by_case_separators_or_a_typo_are_found(evidence, compare):
    """The rarer one, by day, with the frequent one beside it; a distinct name is left alone."""
    for index in range(3):
        evidence.track("u1", "feature_used", {}).at = START + timedelta(days=index)
    evidence.track("u1", "Faeture Used", {})
    evidence.track("u1", "Account Created", {})
    report = compare(evidence.paths())
    assert counts_of(report) == {"name_variants": 4}
    spelling, typo = "separators of “Feature Used” (200), suspected", "typo of “Feature Used” (200), suspected"
    assert rows_of(report, "name_variants") == [
        ("", "Faeture Used", "2026-11-02", 1, typo),
        ("", "feature_used", "2026-11-02", 1, spelling),
        ("", "feature_used", "2026-11-03", 1, spelling),
        ("", "feature_used", "2026-11-04", 1, spelling),
    ]


def test_one_message_with_both_names_proves_them_one(evidence, compare):
    """Renamed, too, and a typo however frequent it is."""
    for sent in evidence.messages[:30]:
        sent.sides["customerio"]["event"] = "Faeture Used"
    report = compare(evidence.paths())
    assert counts_of(report) == {"renamed": 30, "name_variants": 30}
    ((_, name, _, count, detail),) = rows_of(report, "name_variants")
    assert (name, count) == ("Faeture Used", 30)
    assert detail == "typo of “Feature Used” (200), proven: one message has both names"
