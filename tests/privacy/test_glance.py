"""The glance at texts."""

from __future__ import annotations

import pytest

from pipelines_client.privacy.glance import Glance, Hint

_GLANCE = Glance(
    [Hint(("eyJ",)), Hint(("@", "+"), pattern=r"[@+]\d"), Hint(skeleton=b"A000", pattern=r"[A-Z] ?\d[ .-]?\d\d")]
)


@pytest.mark.parametrize("text", ["an eyJ.", "+4", "a@b @1", "B 123", "B1-23", "\ud800 B1 23"])
def test_a_hint_is_seen(text: str) -> None:
    """By its needle alone, by needle and pattern, by skeleton and pattern."""
    assert _GLANCE(text)


@pytest.mark.parametrize(
    "text", ["", "eyj.", "only letters eyJ", "a@b + c", "B 1", "b 123", "B1_23", "B--1--2--3", "\u0661\u0662\u0663 B"]
)
def test_a_needle_or_a_skeleton_without_the_pattern_is_not_enough(text: str) -> None:
    """Also digits of other scripts are no digits here."""
    assert not _GLANCE(text)
