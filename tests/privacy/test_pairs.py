"""Names and values within texts."""

from __future__ import annotations

import pytest

from pipelines_client.privacy.glance import Glance
from pipelines_client.privacy.pairs import HINTS, pairs_in


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("user=ada&password=hunter2", [("password", "hunter2")]),
        ("https://example.com/?token=a1b2c3d4#top", [("token", "a1b2c3d4#top")]),
        ('{"password": "hunter2", "n": 1}', [("password", "hunter2")]),
        ("password: hunter2!", [("password", "hunter2!")]),
        ("password: try again", []),
        ("at 2026-11-20T09:30:00Z", []),
        ("https://example.com", []),
        ("a=1", []),
    ],
)
def test_pairs_are_read_from_addresses_json_and_lines(text: str, pairs: list[tuple[str, str]]) -> None:
    """A sentence with a colon has none unless what follows looks like a secret."""
    found = [*pairs_in(text)]
    assert [(pair.name, pair.value) for pair in found] == pairs
    assert all(text[pair.start : pair.end] == pair.value for pair in found)
    assert not pairs or Glance(HINTS)(text)
