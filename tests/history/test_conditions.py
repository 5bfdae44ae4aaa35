"""Conditions that choose messages (`--where`)."""

from __future__ import annotations

import pytest

from pipelines_client.errors import SourceError
from pipelines_client.history.conditions import parse_where


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("event=Ordered", True),
        ("event=Shipped|Ordered", True),
        ("event!=Ordered", False),
        ("properties.plan=pro", True),
        ("properties.plan.name=pro", False),
        ("properties.gift=false", True),
        ("properties.total=42.5", True),
        ("userId~@", False),
        ("cause=rejected", True),
        ("anonymousId=", True),
    ],
)
def test_a_condition_looks_into_the_call_and_at_what_the_source_knows(condition: str, holds: bool) -> None:
    """Values compare as JSON spells them; what is not there is the empty text."""
    call = {"event": "Ordered", "userId": "u", "properties": {"plan": "pro", "gift": False, "total": 42.5}}
    assert parse_where([condition])[0].holds(call, {"cause": "rejected"}) is holds


def test_what_is_no_condition_is_refused() -> None:
    """Nothing is taken for a condition that always holds."""
    with pytest.raises(SourceError, match="write PATH=VALUE"):
        parse_where(["Ordered"])
