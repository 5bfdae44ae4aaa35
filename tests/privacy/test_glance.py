"""The glance at texts."""

from __future__ import annotations

import pytest

from pipelines_client.privacy.glance import Glance, Hint, is_dull

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
    """Digits of other scripts do not count here either."""
    assert not _GLANCE(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Winter jacket, blue", True),
        ("2026-11-20T09:30:00Z", True),
        ("2026-11-20T09:30:00.123456+01:00", True),
        ("https://shop.example.com/c/84a1/winter-jackets/", True),
        ("2026-11-20T09:30:00Z password=hunter2", False),
        ("2026-11-20T09:30:00.4111111111111111Z", False),
        ("https://ada:hunter2@example.com/", False),
        ("https://example.com/?token=4f3c2b1a", False),
        ("https://example.com/4111111111111111", False),
        ("https://example.com/4111-1111-1111-1111", False),
        ("https://hooks.example.com/T00000000/B00000000", False),
        ("https://example.com/xoxb-1234567890-abc", False),
        ("https://example.com" + "/a" * 5_000 + "!", False),
    ],
)
def test_usual_texts_that_hold_nothing_are_known_as_a_whole(text: str, expected: bool) -> None:
    """In time that grows with the text alone."""
    assert is_dull(text) is expected
